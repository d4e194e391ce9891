/** What layers with weights share: integer weights, biases, and the way from sums to the output's grid. */
import type { ActivationFunction } from '@/catalog/activations';
import type { WeightSiteName } from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import { isTableFunction } from '@/quant/fixedPoint';
import { factorOf, integerBias, rescaleTo } from '../arithmetic';
import type { Products } from '../ops';
import { NoIntegerForm, type Rescale } from '../program';
import { codeGrid, codeStep, tableOf } from '../tables';
import type { Lowering } from './context';

/** Weights and biases of a product with the value `input`, without what follows. */
export function sumsOf(
  to: Lowering,
  layer: ResolvedLayer,
  input: number,
  site: WeightSiteName = 'weights',
  bias = 'biases',
): Products & { weights: number } {
  const weights = to.addWeights(layer, site);
  const { grid } = to.values[input]!;
  const scales = to.scalesOf(weights);
  const floats = to.snapshot.folded[layer.name]?.bias ?? to.variable(layer.name, bias);
  const biases = Int32Array.from(scales, (scale, c) => integerBias(floats[c]!, grid.scale, scale));
  to.expectSums(layer.name, to.weights[weights]!, grid, biases);
  return { weights, biases };
}

/** A product and what follows it, on the grid of the layer's output. */
export function productsOf(
  to: Lowering,
  layer: ResolvedLayer & { spec: { activation: ActivationFunction } },
  input: number,
): { products: Products; output: number } {
  const sums = sumsOf(to, layer, input);
  const output = to.output(layer);
  return { products: { ...sums, rescale: rescaleSums(to, layer, input, sums.weights, output) }, output };
}

/** Takes the sums of a product to the grid of a value. */
function rescaleSums(
  to: Lowering,
  { name, spec }: ResolvedLayer & { spec: { activation: ActivationFunction } },
  input: number,
  weights: number,
  output: number,
): Rescale {
  const from = to.values[input]!.grid.scale;
  return rescaleThrough(to, name, spec.activation, output, (scale) => [
    to.scalesOf(weights).map((weight) => factorOf(from, weight, scale)),
  ]);
}

/**
 * What takes sums to the grid of a value, through a function: ReLU is a bound, others are a table.
 * @param factorsTo the factors of each operand to a grid of this scale
 */
export function rescaleThrough(
  to: Lowering,
  layer: string,
  activation: ActivationFunction,
  output: number,
  factorsTo: (scale: number) => number[][],
): Rescale {
  const { grid, bits } = to.values[output]!;
  if (!isTableFunction(activation)) return rescaleTo(grid, factorsTo(grid.scale), activation === 'relu');
  if (bits === 32)
    throw new NoIntegerForm(
      `The activation function of ${layer} becomes a table, for which its output needs 8 bits or fewer: choose such bits there, or ReLU.`,
    );
  const step = codeStep(activation, grid);
  return {
    ...rescaleTo(codeGrid(step), factorsTo(step), false),
    table: tableOf(activation, step, grid),
  };
}
