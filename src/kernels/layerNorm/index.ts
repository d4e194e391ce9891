/** layerNorm(x, gamma, beta): each row to mean 0 and variance 1, then scaled and shifted, with its gradients. */
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, lastAxis, runKernel, runKernelForAll } from '../definition';
import { layerNormCpu, layerNormGradientCpu } from './cpu';
import { layerNormGradientWasm, layerNormWasm } from './wasm';
import { layerNormGradientWebgpu, layerNormWebgpu } from './webgpu';

const name = 'LayerNorm';
const gradientName = 'LayerNormGradient';

/**
 * y = x^ * gamma + beta with x^ = (x - mean) / sqrt(variance + 1e-5), mean and biased variance over the last axis (Ba,
 * Kiros and Hinton 2016; PyTorch's layer_norm). Every operation rounds to float32 and sums keep to ../rowSum.ts, so that
 * all backends give the same bits. NaN spreads over its row.
 * Gradients, with g = dy * gamma: dx = (g - mean(g) - x^ mean(g x^)) / sqrt(variance + 1e-5), dgamma = sum of dy x^ and
 * dbeta = sum of dy over all other axes (their order is fixed on each backend, and differs between them by ULPs).
 * @param x [..., D] @param gamma [D] @param beta [D]
 * @throws if a shape does not fit
 */
export function layerNorm<X extends Tensor>(x: X, gamma: Tensor1D, beta: Tensor1D): X {
  const depth = lastAxis(x.shape);
  expectShape("The layer norm's gamma", gamma.shape, [depth]);
  expectShape("The layer norm's beta", beta.shape, [depth]);
  return runKernel<X>(name, { x, gamma, beta });
}

/** Registers the kernel and its gradient. */
export function registerLayerNorm(): void {
  defineKernel<'x' | 'gamma' | 'beta'>({
    name,
    cpu: layerNormCpu,
    wasm: layerNormWasm,
    webgpu: layerNormWebgpu,
    gradient: {
      inputsToSave: ['x', 'gamma'],
      gradFunc: (dy, saved) => {
        const [x, gamma] = saved as [Tensor, Tensor];
        // Here and not in the functions below: tfjs runs each of those in a tidy of its own.
        const [dx, dgamma, dbeta] = runKernelForAll(gradientName, { dy: dy as Tensor, x, gamma });
        return { x: () => dx!, gamma: () => dgamma!, beta: () => dbeta! };
      },
    },
  });
  defineKernel<'dy' | 'x' | 'gamma'>({
    name: gradientName,
    cpu: layerNormGradientCpu,
    wasm: layerNormGradientWasm,
    webgpu: layerNormGradientWebgpu,
  });
}
