/** attentionSoftmax(scores, scale, causal): the weights with which queries attend to keys, with the gradient. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { defineKernel, runKernel } from '../definition';
import { attentionSoftmaxCpu, attentionSoftmaxGradientCpu } from './cpu';
import { attentionSoftmaxGradientWasm, attentionSoftmaxWasm } from './wasm';
import { attentionSoftmaxGradientWebgpu, attentionSoftmaxWebgpu } from './webgpu';

const nameOf = (causal: boolean) => (causal ? 'AttentionSoftmax_causal' : 'AttentionSoftmax');
const gradientName = 'AttentionSoftmaxGradient';

/**
 * p[..., q, :] = softmax(scores[..., q, :] * scale), over the keys 0 ... q only if `causal`: the weights of later keys
 * are exactly 0 (Vaswani et al. 2017). The largest product of a row is subtracted first, so that nothing overflows, and
 * a weight below exp(-64) of the largest is 0.
 * Every operation rounds to float32, exp is one polynomial and sums keep to ../rowSum.ts, so that all backends give the
 * same bits. A row that holds a NaN or an infinite maximum among its visible scores has NaN for all visible weights.
 * Gradient: dscores = scale * p * (dy - sum of dy * p); scale gets none.
 * @param scores [..., Q, K], with Q = K if causal @param scale one value: 1 / sqrt(depth), times the operands' scales where
 *   the scores are products of quantized integers
 * @throws if a shape does not fit
 */
export function attentionSoftmax<X extends Tensor>(scores: X, scale: Tensor, causal: boolean): X {
  const [queries, keys] = scores.shape.slice(-2);
  if (scores.rank < 2 || (causal && queries !== keys))
    throw new Error(
      `The attention scores must have the shape [..., Q, K]${causal ? ' with Q = K' : ''}, but have [${scores.shape.join(', ')}].`,
    );
  if (scale.size !== 1)
    throw new Error(
      `The scale of attention scores must be one value, but has the shape [${scale.shape.join(', ')}].`,
    );
  return runKernel<X>(nameOf(causal), { scores, scale });
}

/** Registers the kernels and their gradient. */
export function registerAttentionSoftmax(): void {
  for (const causal of [false, true])
    defineKernel<'scores' | 'scale'>({
      name: nameOf(causal),
      cpu: attentionSoftmaxCpu(causal),
      wasm: attentionSoftmaxWasm(causal),
      webgpu: attentionSoftmaxWebgpu(causal),
      gradient: {
        inputsToSave: ['scale'],
        outputsToSave: [true],
        gradFunc: (dy, saved) => {
          const [scale, p] = saved as [Tensor, Tensor];
          return { scores: () => runKernel(gradientName, { dy: dy as Tensor, p, scale }) };
        },
      },
    });
  defineKernel<'dy' | 'p' | 'scale'>({
    name: gradientName,
    cpu: attentionSoftmaxGradientCpu,
    wasm: attentionSoftmaxGradientWasm,
    webgpu: attentionSoftmaxGradientWebgpu,
  });
}
