/**
 * Batch normalization (Ioffe, Szegedy 2015) over all axes but the last, with PyTorch's conventions: in training by the
 * batch's own mean and biased variance, through which the gradient flows too; in evaluation by running estimates.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, lastAxis, runKernel, runKernelForAll, stopGradient } from '../definition';
import * as cpu from './cpu';
import * as wasm from './wasm';
import * as webgpu from './webgpu';

export { epsilon } from './constants';

const names = {
  moments: 'BatchMoments',
  train: 'BatchNormTrain',
  gradient: 'BatchNormTrainGradient',
  evaluate: 'BatchNorm',
  update: 'UpdateRunning',
  scale: 'ChannelScale',
} as const;

/**
 * Mean and biased variance of each channel, in two passes: no difference of large squares. A constant to
 * differentiation: batchNormTrain's own gradient accounts for it. The order of the sums is fixed on each backend; between
 * them results differ by ULPs.
 * @param x [..., C]
 * @returns [2, C]: rows mean, variance
 */
export function batchMoments(x: Tensor): Tensor2D {
  return stopGradient(() => runKernel<Tensor2D>(names.moments, { x }));
}

/**
 * y = (x - mean) * (gamma / sqrt(variance + 1e-5)) + beta, each operation rounded to float32.
 *
 * Gradients, with n values per channel, x^ = (x - mean) / sqrt(variance + 1e-5) and sums over all axes but the last:
 * dbeta = sum dy, dgamma = sum dy x^, dx = gamma / sqrt(variance + 1e-5) * (dy - dbeta / n - x^ dgamma / n).
 * @param x [..., C], at least two values per channel
 * @param gamma [C] @param beta [C]
 * @param moments [2, C]: batchMoments(x), where the caller has it already
 * @throws if a shape does not fit, or there is but one value per channel, whose variance says nothing (as PyTorch does)
 */
export function batchNormTrain<X extends Tensor>(
  x: X,
  gamma: Tensor1D,
  beta: Tensor1D,
  moments: Tensor2D = batchMoments(x),
): X {
  expectParameters(x, gamma, beta, moments);
  if (x.size <= lastAxis(x.shape))
    throw new Error(
      `Batch normalization trains on more than one value per channel, but x is [${x.shape.join(', ')}]: use a larger batch.`,
    );
  return runKernel<X>(names.train, { x, gamma, beta, statistics: moments });
}

/**
 * The same with given statistics, for evaluation: running estimates. It has no gradient.
 * @param x [..., C] @param gamma [C] @param beta [C] @param statistics [2, C]: rows mean, variance
 * @throws if a shape does not fit
 */
export function batchNorm<X extends Tensor>(x: X, gamma: Tensor1D, beta: Tensor1D, statistics: Tensor2D): X {
  expectParameters(x, gamma, beta, statistics);
  return runKernel<X>(names.evaluate, { x, gamma, beta, statistics });
}

/**
 * Moves the running estimates towards a batch's moments, in place: r = (1 - m) r + m v, where v is the mean, or the
 * unbiased variance, variance * n / (n - 1) (as PyTorch does).
 * @param running [2, C]: rows mean, variance; they start at 0 and 1
 * @param moments [2, C]: batchMoments(x)
 * @param momentum [1]: m, the share of the new batch (PyTorch: 0.1)
 * @param x [..., C]: the batch; only its shape counts, for n
 * @throws if a shape does not fit
 */
export function updateRunning(running: Tensor, moments: Tensor2D, momentum: Tensor, x: Tensor): void {
  const channels = lastAxis(x.shape);
  expectShape('The running estimates', running.shape, [2, channels]);
  expectShape('The moments', moments.shape, [2, channels]);
  expectShape('The momentum', momentum.shape, [1]);
  runKernelForAll(names.update, { running, moments, momentum, x });
}

/**
 * The factor of each channel in evaluation: gamma / sqrt(variance + 1e-5), the same to the last bit on every backend, so
 * that a weight it is folded into meets the same rounding. Gradient: dgamma = dy / sqrt(variance + 1e-5).
 * @param gamma [C] @param statistics [2, C]: rows mean, variance; constants to differentiation
 * @throws if a shape does not fit
 */
export function channelScale(gamma: Tensor1D, statistics: Tensor2D): Tensor1D {
  expectShape('The statistics', statistics.shape, [2, -1]);
  expectShape('Gamma', gamma.shape, [statistics.shape[1]]);
  return runKernel<Tensor1D>(names.scale, { gamma, statistics });
}

function expectParameters(x: Tensor, gamma: Tensor, beta: Tensor, statistics: Tensor): void {
  const channels = lastAxis(x.shape);
  expectShape('Gamma', gamma.shape, [channels]);
  expectShape('Beta', beta.shape, [channels]);
  expectShape('The statistics', statistics.shape, [2, channels]);
}

/** Registers all of them with their gradients. */
export function registerBatchNorm(): void {
  defineKernel({
    name: names.moments,
    cpu: cpu.batchMoments,
    wasm: wasm.batchMoments,
    webgpu: webgpu.batchMoments,
  });
  const forward = { cpu: cpu.batchNorm, wasm: wasm.batchNorm, webgpu: webgpu.batchNorm };
  defineKernel({ name: names.evaluate, ...forward });
  defineKernel({
    name: names.train,
    ...forward,
    gradient: {
      inputsToSave: ['x', 'gamma', 'statistics'],
      gradFunc: (dy, saved) => {
        const [x, gamma, statistics] = saved as [Tensor, Tensor, Tensor];
        // Here and not in the functions below: tfjs runs each of those in a tidy of its own.
        const inputs = { dy: dy as Tensor, x, gamma, statistics };
        const [dx, dgamma, dbeta] = runKernelForAll(names.gradient, inputs);
        return { x: () => dx!, gamma: () => dgamma!, beta: () => dbeta! };
      },
    },
  });
  defineKernel({
    name: names.gradient,
    cpu: cpu.batchNormGradient,
    wasm: wasm.batchNormGradient,
    webgpu: webgpu.batchNormGradient,
  });
  defineKernel({
    name: names.update,
    cpu: cpu.updateRunning,
    wasm: wasm.updateRunning,
    webgpu: webgpu.updateRunning,
  });
  defineKernel({
    name: names.scale,
    cpu: cpu.channelScale,
    wasm: wasm.channelScale,
    webgpu: webgpu.channelScale,
    gradient: {
      inputsToSave: ['statistics'],
      // Linear in gamma: the gradient is scaled as gamma is.
      gradFunc: (dy, saved) => {
        const [statistics] = saved as [Tensor2D];
        return { gamma: () => channelScale(dy as Tensor1D, statistics) };
      },
    },
  });
}
