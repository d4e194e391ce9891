/**
 * Batch normalization folded into the layer before it, as integer inference runs it (Jacob et al. 2018, section 3.2): the
 * layer's weights are quantized after they are multiplied by gamma / sqrt(variance + 1e-5).
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { mul, reshape, slice, sub } from '@tensorflow/tfjs-core';
import { channelScale } from '@/kernels/batchNorm';
import { stopGradient } from '@/kernels/definition';

/**
 * w * gamma / sqrt(variance + 1e-5), by output channel; the same bits on every backend. Gradients flow to w and gamma,
 * none to the running estimates.
 * @param w [..., C], the output channels last. A depthwise filter [h, w, C, 1] has them third: reshape it to [h, w, C] before
 *   and back after.
 * @param gamma [C] @param running [2, C]: rows mean, variance
 * @throws if a shape does not fit
 */
export function foldedWeights<W extends Tensor>(w: W, gamma: Tensor1D, running: Tensor2D): W {
  const channels = w.shape.at(-1);
  if (channels !== gamma.shape[0])
    throw new Error(
      `Weights [${w.shape.join(', ')}] have ${channels} channels, but gamma ${gamma.shape[0]}.`,
    );
  return mul<W>(w, channelScale(gamma, running));
}

/**
 * The bias that goes with them, beta - mean * gamma / sqrt(variance + 1e-5). Gradients flow to beta and gamma.
 * @param gamma [C] @param beta [C] @param running [2, C]: rows mean, variance
 */
export function foldedBias(gamma: Tensor1D, beta: Tensor1D, running: Tensor2D): Tensor1D {
  const channels = running.shape[1];
  const mean = stopGradient(() => reshape(slice(running, [0, 0], [1, channels]), [channels]));
  return sub<Tensor1D>(beta, mul(mean, channelScale(gamma, running)));
}
