/** What layers with weights share: integer weights, biases, and the way from sums to the output's grid. */
import type { ActivationFunction } from '@/catalog/activations';
import type { WeightSiteName } from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import { factorOf, integerBias, rescaleTo } from '../arithmetic';
import type { Products } from '../ops';
import { NoIntegerForm } from '../program';
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
) {
  if (spec.activation !== 'linear' && spec.activation !== 'relu')
    throw new NoIntegerForm(`The activation function of ${name} has no integer form: choose ReLU.`);
  const from = to.values[input]!.grid.scale;
  const { grid } = to.values[output]!;
  const factors = to.scalesOf(weights).map((scale) => factorOf(from, scale, grid.scale));
  return rescaleTo(grid, [factors], spec.activation === 'relu');
}
