/**
 * Weight quantizer kinds: the grid of each, how it finds its scales, where the gradient passes, and what it learns. One
 * entry a kind, checked against the catalog.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  groupSizeOf,
  type WeightQuantizerKind,
  type WeightSite,
  weightBits,
  weightGranularity,
  weightQuantizerOf,
  weightRange,
} from '@/catalog/quantizers';
import { unitParams } from '@/kernels/floatParams';
import { type GroupMethod, groupParams } from '@/kernels/groupParams';
import { learnedBitsParams, quantizeLearnedBits } from '@/kernels/learnedBits';
import { quantize } from '@/kernels/quantize';
import { learnedParams, quantizeByRule } from '@/kernels/quantizeByRule';
import { smallestScale } from '@/kernels/scale';
import { scaleValues } from '@/kernels/scaleValues';
import { type WeightMethod, weightParams } from '@/kernels/weightParams';
import { quantizeDorefa } from './dorefa';
import { blockWeights, floatWeights } from './formats/weights';
import type { WeightQuantizer, WeightState } from './quantizer';
import { type Grid, mode, rules } from './settings';

/** The sign at 1 bit, else a grid around 0. */
const symmetric = (site: WeightSite): Grid => {
  const bits = weightBits(site);
  const range = weightQuantizerOf(site.quantizer).range ?? site.range;
  return { ...weightRange(bits, range), mode: bits === 1 ? mode.signTimesMean : mode.affine };
};

/** Scales found anew from the weights at every step. */
const foundBy = (method: WeightMethod, rule: number = rules.clip): WeightQuantizer => ({
  grid: symmetric,
  rule,
  params: (weights, settings) => weightParams(weights, settings, method),
});
const foundInGroups = (method: GroupMethod, rule?: number): WeightQuantizer => ({
  ...foundBy(method, rule),
  groups: method,
});

/** DoReFa's odd integers from -n to n, n = 2^bits - 1; the sign at 1 bit. */
const dorefaGrid = (site: WeightSite): Grid => {
  const bits = weightBits(site);
  if (bits === 1) return symmetric(site);
  return { qmin: 1 - 2 ** bits, qmax: 2 ** bits - 1, mode: mode.tanh };
};

/** Every axis of a tensor but the last where the scales are by channel, else every one. */
const sharedAxes = (tensor: Tensor, site: WeightSite): number[] =>
  tensor.shape.map((_, axis) => axis).slice(0, weightGranularity(site) === 'channel' ? -1 : undefined);

/** 2 mean|w| / sqrt(Qp) (Esser et al. 2020); mean|w| at 1 bit, where the step is all there is. */
const initialSteps = (weights: Tensor, site: WeightSite): Tensor2D =>
  tf.tidy(() => {
    const { qmax, mode: how } = symmetric(site);
    const factor = how === mode.signTimesMean ? 1 : 2 / Math.sqrt(qmax);
    const means = tf.mul(tf.mean(tf.abs(weights), sharedAxes(weights, site)), factor);
    return tf.mul(tf.ones([1, weights.shape.at(-1)!]), means);
  });

/** The width asked for, and log2 of the largest absolute weight. */
const initialWidthAndClip = (weights: Tensor, site: WeightSite): Tensor =>
  tf.tidy(() => {
    const clip = tf.maximum(tf.max(tf.abs(weights)), smallestScale);
    return tf.stack([tf.scalar(weightBits(site)), tf.div(tf.log(clip), Math.LN2)]);
  });

export const weightQuantizers: Record<WeightQuantizerKind, WeightQuantizer> = {
  absmax: foundInGroups('absmax'),
  mse: foundInGroups('mse'),
  percentile: foundInGroups('percentile'),
  pow2: foundInGroups('pow2'),
  lsq: {
    grid: symmetric,
    rule: rules.lsq,
    params: (_weights, settings, learned) => learnedParams(learned!, settings),
    learned: {
      shape: (weights) => [1, weights.at(-1) ?? 1],
      least: [smallestScale],
      initial: initialSteps,
      rate: 0.3,
    },
  },
  learnedBits: {
    grid: symmetric,
    rule: rules.closed,
    params: (weights, settings, learned) => learnedBitsParams(weights, learned as Tensor1D, settings),
    quantize: (weights, _params, _site, settings, _clock, learned) =>
      quantizeLearnedBits(weights, learned as Tensor1D, settings),
    learned: {
      shape: () => [2],
      least: [2, Math.log2(smallestScale)],
      initial: initialWidthAndClip,
      rate: 3,
    },
  },
  dorefa: { ...foundBy('dorefa', rules.everywhere), grid: dorefaGrid, quantize: quantizeDorefa },
  twn: foundInGroups('twn', rules.everywhere),
  bitnet: foundInGroups('mean', rules.everywhere),
  e4m3: floatWeights('e4m3'),
  e5m2: floatWeights('e5m2'),
  e2m1: floatWeights('e2m1'),
  mxfp8: blockWeights('mxfp8'),
  mxfp4: blockWeights('mxfp4'),
};

/** Values on their way to a product, and what they mean. */
export interface Rounded {
  values: Tensor;
  /** The numbers meant are values x scale (row 0). */
  params: Tensor2D;
  /** The params that made the values, one column for each of them or for each row, where they are multiplied in already. */
  own?: Tensor2D;
  /** Width and log2 of the clip, [2], where they are learned. */
  learned?: Tensor;
}

/**
 * Rounds weights at a site.
 * @param clock of stochastic rounding, negative to round to nearest
 * @returns integer-valued floats of the weights' shape and their params [4, C]; in groups, whose products are no
 *   integers, the weights meant, with params 1, 1, 0, 0
 */
export function roundWeights(
  weights: Tensor,
  site: WeightSite,
  { settings: variable, learned }: WeightState,
  clock: Tensor,
): Rounded {
  const quantizer = weightQuantizers[site.quantizer];
  const settings = variable as unknown as Tensor1D;
  const plain = quantizer.rule === rules.clip && site.estimator === 'ste' && site.rounding === 'even';
  const round = (values: Tensor, params: Tensor2D) =>
    plain ? quantize(values, params, settings) : quantizeByRule(values, params, settings, clock, learned);
  const groupSize = groupSizeOf(weightGranularity(site));
  if (groupSize && quantizer.groups) {
    const own = groupParams(weights, settings, quantizer.groups, groupSize);
    const integers = round(tf.reshape(weights, [1, weights.size]), own);
    const meant = tf.mul(integers, tf.slice(own, [0, 0], [1, weights.size]));
    return { values: tf.reshape(meant, weights.shape), params: unitParams(weights), own };
  }
  const params = quantizer.params(weights, settings, learned);
  const values =
    quantizer.quantize?.(weights, params, site, settings, clock, learned) ?? round(weights, params);
  return { values, params, ...(learned && quantizer === weightQuantizers.learnedBits ? { learned } : {}) };
}

/** The numbers that weights at a site become, each rounded to the nearest; of the weights' shape. Call within a tidy. */
export function roundedNumbers(weights: Tensor, site: WeightSite, state: WeightState): Tensor {
  const { values, params } = roundWeights(weights, site, state, tf.tensor1d([-1]));
  return scaleValues(values, params);
}
