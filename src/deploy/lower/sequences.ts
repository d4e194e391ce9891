/** The layers of transformers: embeddings, layer norm, attention. */
import { type Attention, type Embedding, type LayerNorm, type Positions, siteAt } from '@/catalog/layers';
import { type ActivationSiteName, activationBits, type WeightSiteName } from '@/catalog/quantizers';
import { expFloat32 } from '@/kernels/attentionSoftmax/exp';
import { largestEpsilon, mostFeatures, normalBits } from '@/kernels/integerLayerNorm/constants';
import { exponentialBits, shareBits } from '@/kernels/integerSoftmax/constants';
import { epsilon } from '@/kernels/layerNorm/constants';
import { gammaBits, gammaLimit, scoreGrid } from '@/quant/fixedPoint';
import { factorOf, integerBias, nearestEven, rescaleTo } from '../arithmetic';
import { NoIntegerForm } from '../program';
import { fixedGrid } from '../tables';
import type { Lowering } from './context';
import type { LayerLowering, Resolved } from './lowering';
import { sumsOf } from './products';

const { fround } = Math;

export const embedding: LayerLowering<Embedding> = (to, layer, input) => {
  const [weights, positions] = [to.addWeights(layer, 'weights'), to.addWeights(layer, 'positions')];
  const output = to.rounded(layer);
  const { grid } = to.values[output]!;
  const factors = [weights, positions].map((index) =>
    to.scalesOf(index).map((scale) => factorOf(1, scale, grid.scale)),
  );
  const rescale = rescaleTo(grid, factors, false);
  to.ops.push({ kind: 'embedding', layer: layer.name, input, output, weights, positions, rescale });
  return output;
};

export const positions: LayerLowering<Positions> = (to, layer, input) => {
  const weights = to.addWeights(layer, 'positions');
  const output = to.rounded(layer);
  const { grid } = to.values[output]!;
  const own = factorOf(to.values[input]!.grid.scale, 1, grid.scale);
  const factors = to.scalesOf(weights).map((scale) => factorOf(1, scale, grid.scale));
  const rescale = rescaleTo(grid, [factors.map(() => own), factors], false);
  to.ops.push({ kind: 'positions', layer: layer.name, input, output, weights, rescale });
  return output;
};

export const layerNorm: LayerLowering<LayerNorm> = (to, layer, input) => {
  const { name } = layer;
  const features = layer.inputShape.at(-1) ?? 1;
  if (features > mostFeatures)
    throw new NoIntegerForm(
      `The layer norm ${name} has ${features} features, and an integer form for at most ${mostFeatures}: make the layer before it narrower.`,
    );
  const [gammas, betas] = [to.variable(name, 'gamma'), to.variable(name, 'beta')];
  const [step, unit] = [2 ** -normalBits, 2 ** -gammaBits];
  const gamma = Int32Array.from(gammas, (value) =>
    Math.min(Math.max(nearestEven(value * 2 ** gammaBits), -gammaLimit), gammaLimit),
  );
  const beta = Int32Array.from(betas, (value) => integerBias(value, step, unit));
  if (beta.some((value) => Math.abs(value) >= 2 ** 30))
    throw new NoIntegerForm(
      `The shift of the layer norm ${name} leaves 32 bits: train with a smaller learning rate.`,
    );
  const { scale } = to.values[input]!.grid;
  const ratio = fround(
    fround(fround(fround(epsilon) * features) * features) / fround(fround(scale) * fround(scale)),
  );
  const output = to.rounded(layer);
  const { grid } = to.values[output]!;
  to.ops.push({
    kind: 'layerNorm',
    layer: name,
    input,
    output,
    features,
    epsilon: Math.min(nearestEven(ratio), largestEpsilon),
    gamma,
    beta,
    rescale: rescaleTo(grid, [[factorOf(step, unit, grid.scale)]], false),
  });
  return output;
};

/** A product at each position, to the grid of a site inside the layer or of its output. */
function projection(
  to: Lowering,
  layer: Resolved<Attention>,
  input: number,
  names: { weights: WeightSiteName; biases: string; rounded: ActivationSiteName },
): number {
  const { inputShape, name } = layer;
  const [rows = 1, features = 1] = inputShape;
  const sums = sumsOf(to, layer, input, names.weights, names.biases);
  const output =
    names.rounded === 'activations' ? to.output(layer) : to.rounded(layer, names.rounded, inputShape);
  const from = to.values[input]!.grid.scale;
  const { grid } = to.values[output]!;
  const factors = to.scalesOf(sums.weights).map((scale) => factorOf(from, scale, grid.scale));
  const rescale = rescaleTo(grid, [factors], false);
  const common = { layer: name, input, output, rows, features, units: features };
  to.ops.push({ kind: 'dense', ...common, ...sums, rescale });
  return output;
}

/** exp of minus a difference of scores, by the difference, as long as it is above 0. */
function exponentialsOf(scale: number): Uint16Array {
  const found: number[] = [];
  for (let difference = 0; difference < 2 ** 16; difference++) {
    const e = nearestEven(expFloat32(fround(-difference * fround(scale))) * 2 ** exponentialBits);
    if (e === 0) break;
    found.push(e);
  }
  return Uint16Array.from(found);
}

export const attention: LayerLowering<Attention> = (to, layer, input) => {
  const { name, spec, inputShape } = layer;
  const [length = 1, features = 1] = inputShape;
  const queries = projection(to, layer, input, {
    weights: 'query',
    biases: 'queryBiases',
    rounded: 'queries',
  });
  const keys = projection(to, layer, input, { weights: 'key', biases: 'keyBiases', rounded: 'keys' });
  const values = projection(to, layer, input, { weights: 'value', biases: 'valueBiases', rounded: 'values' });
  const depth = features / spec.heads;
  const scored =
    activationBits(spec.scores) === 32 ? undefined : to.grid(name, 'scores', siteAt(spec, 'scores')!).grid;
  const scores = scored ?? fixedGrid(scoreGrid);
  const softmax = to.grid(name, 'softmax', siteAt(spec, 'softmax')!).grid;
  const scaleOf = (index: number) => to.values[index]!.grid.scale;
  const largest = (index: number) => to.values[index]!.grid.qmax;
  // Evaluation adds these sums up in float32.
  for (const [count, product] of [
    [depth, largest(queries) * largest(keys)],
    [length, softmax.qmax * largest(values)],
  ] as const)
    if (count * product >= 2 ** 24)
      throw new NoIntegerForm(
        `The sums of ${name} may leave 24 bits: it adds up ${count} products; give it fewer positions, more heads or fewer bits.`,
      );
  const context = to.rounded(layer, 'context', inputShape);
  const grid = { scale: 1, zeroPoint: 0, qmin: -(2 ** 31), qmax: 2 ** 31 - 1 };
  const scratch = to.value({ name: `${name} row`, layer: name, shape: [length], bits: 32, grid });
  const both = fround(fround(scaleOf(queries)) * fround(scaleOf(keys)));
  const out = to.values[context]!.grid;
  to.ops.push({
    kind: 'attention',
    layer: name,
    input: queries,
    keys,
    values,
    output: context,
    scratch,
    positions: length,
    features,
    heads: spec.heads,
    causal: spec.direction === 'causal',
    scores: rescaleTo(scores, [[factorOf(both, 1 / Math.sqrt(depth), scores.scale)]], false),
    ...(scored ? { scoreGrid: scored } : {}),
    exponentials: exponentialsOf(scores.scale),
    shares: rescaleTo(softmax, [[factorOf(2 ** -shareBits, 1, softmax.scale)]], false),
    softmax,
    rescale: rescaleTo(out, [[factorOf(softmax.scale, scaleOf(values), out.scale)]], false),
  });
  return projection(to, layer, context, { weights: 'weights', biases: 'biases', rounded: 'activations' });
};
