/** What the evaluation pass needs to compute as the deployed integers do: bounds of values, exact sums, the logits' grid. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type ActivationSite,
  type AnySite,
  activationBits,
  deployedAt,
  type SiteName,
  tensorKindOf,
  type WeightSite,
  weightBits,
} from '@/catalog/quantizers';
import type { Accumulate, Signal } from './layers/layer';

/** Integers below this, and sums of them, are exact as float32. */
export const largestExact = 2 ** 24;

/** The most that the magnitude of a site's integers can be; undefined where it has none that are deployed. */
export function integerLimit(name: SiteName, site: AnySite): number | undefined {
  if (deployedAt(name, site).deploysTo !== 'integer') return undefined;
  const isWeights = tensorKindOf(name) === 'weights';
  const bits = isWeights ? weightBits(site as WeightSite) : activationBits(site as ActivationSite);
  if (bits === 32) return undefined;
  // DoReFa's weights are odd numbers up to 2^bits - 1, as activations less their zero point are numbers up to that.
  const wide = !isWeights || bits === 1 || (site as WeightSite).quantizer === 'dorefa';
  return wide ? 2 ** bits - 1 : 2 ** (bits - 1);
}

/**
 * The product of integer-valued inputs and weights, exact: where a sum may leave what float32 holds, the inputs are split
 * into digits, and the sums over each are put together in int32.
 * @returns undefined where one of them is not of integers, or a sum may leave int32
 */
export function exactSums(input: Signal, weights: Signal, accumulate: Accumulate): tf.Tensor | undefined {
  const { limit } = input;
  if (limit === undefined || weights.limit === undefined) return undefined;
  const perStep = (weights.values.size / weights.values.shape.at(-1)!) * weights.limit;
  if (perStep * limit < largestExact) return accumulate(input.values, weights.values);
  if (perStep * limit >= 2 ** 31) return undefined;
  const width = Math.ceil(Math.log2(limit + 1));
  const digitBits = [4, 3, 2, 1].find((bits) => perStep * 2 ** bits < largestExact);
  if (digitBits === undefined) return undefined;
  const base = 2 ** digitBits;
  let rest: tf.Tensor = input.values;
  let total: tf.Tensor | undefined;
  for (let bits = 0; bits < width; bits += digitBits) {
    const above = tf.floor(tf.mul(rest, 1 / base));
    const digits = bits + digitBits >= width ? rest : tf.sub(rest, tf.mul(above, base));
    const sums = tf.mul(tf.cast(accumulate(digits, weights.values), 'int32'), tf.scalar(2 ** bits, 'int32'));
    total = total ? tf.add(total, sums) : sums;
    rest = above;
  }
  return total;
}

/** Fractional bits of logits that have no bits of their own; src/deploy/program.ts has the same. */
const logitBits = 12;
/** float32[4] params and float32[4] settings of their grid. */
export const logitParams = Float32Array.of(2 ** -logitBits, 2 ** logitBits, 0, 1);
export const logitSettings = Float32Array.of(-largestExact, largestExact, 1, 0);
