/** integerSoftmax(scores, scale, causal): attention's softmax as the deployed integers do it. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { defineKernel, runKernel } from '../definition';
import { integerSoftmaxCpu } from './cpu';
import { integerSoftmaxWasm } from './wasm';
import { integerSoftmaxWebgpu } from './webgpu';

export { exponentialBits, shareBits } from './constants';

const nameOf = (causal: boolean) => (causal ? 'IntegerSoftmax_causal' : 'IntegerSoftmax');

/**
 * Shares of each row in steps of 2^-16, of the keys 0 ... q only if `causal`: floor((e 2^16 + floor(total / 2)) / total), where e =
 * rint(exp(fl((score - largest) scale)) 2^15) and total is the sum of the row's. exp is the polynomial of ../attentionSoftmax/exp.ts;
 * deployed it is a table over the difference, an integer. src/deploy has the rest in code of its own. NaN spreads over its row.
 * No gradient.
 * @param scores [..., Q, K]: integer-valued floats, at most 2^16 apart, with Q = K if causal @param scale [1]
 * @throws if the scores have fewer than two axes
 */
export function integerSoftmax<X extends Tensor>(scores: X, scale: Tensor, causal: boolean): X {
  if (scores.rank < 2)
    throw new Error(
      `The attention scores must have the shape [..., Q, K], but have [${scores.shape.join(', ')}].`,
    );
  return runKernel<X>(nameOf(causal), { scores, scale });
}

/** Registers the kernels. */
export function registerIntegerSoftmax(): void {
  for (const causal of [false, true])
    defineKernel<'scores' | 'scale'>({
      name: nameOf(causal),
      cpu: integerSoftmaxCpu(causal),
      wasm: integerSoftmaxWasm(causal),
      webgpu: integerSoftmaxWebgpu(causal),
    });
}
