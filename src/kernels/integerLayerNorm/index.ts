/** integerLayerNorm(x, params): rows brought to mean 0 and variance 1 as the deployed integers do it, without gamma and beta. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, lastAxis, runKernel } from '../definition';
import { mostFeatures } from './constants';
import { integerLayerNormCpu } from './cpu';
import { integerLayerNormWasm } from './wasm';
import { integerLayerNormWebgpu } from './webgpu';

export { mostFeatures, normalBits } from './constants';

const name = 'IntegerLayerNorm';

/**
 * t = (x - mean) / sqrt(variance + epsilon) in steps of 2^-10, from integers x of one scale. With D features, S and Q the sums
 * of x and x^2, c = D x - S and N = D Q - S^2 + E, where E is epsilon at that scale, rint(fl(fl(fl(1e-5 D) D) / fl(scale^2))) and at
 * most 2^30: N is shifted left by 2 j bits into [2^30, 2^32), R is the integer part of its root, and
 * |t| = floor((|c| 2^(10 + j) + floor(R / 2)) / R). Everything fits 32 bits. src/deploy has the same in code of its own. NaN
 * spreads over its row. No gradient.
 * @param x [..., D]: integer-valued floats from -255 to 255 whose row spans at most 255 @param params [4, 1]: row scale
 * @throws if there are more than 256 features
 */
export function integerLayerNorm<X extends Tensor>(x: X, params: Tensor2D): X {
  expectShape("The input's quantization parameters", params.shape, [4, 1]);
  const depth = lastAxis(x.shape);
  if (depth > mostFeatures)
    throw new Error(`A layer norm of integers has at most ${mostFeatures} features, not ${depth}.`);
  return runKernel<X>(name, { x, params });
}

/** Registers the kernel. */
export function registerIntegerLayerNorm(): void {
  defineKernel<'x' | 'params'>({
    name,
    cpu: integerLayerNormCpu,
    wasm: integerLayerNormWasm,
    webgpu: integerLayerNormWebgpu,
  });
}
