/**
 * weightParams(w): the quantization parameters of a weight tensor, found from its values at every step. A registry of
 * methods; each is a tfjs kernel of its own, so that the method belongs to the recorded step's topology.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, type KernelDefinition, runKernel, stopGradient } from '../definition';
import { absmaxCpu } from './cpu';
import { absmaxWasm } from './wasm';
import { absmaxWebgpu } from './webgpu';

/** How scale and zero point follow from the weights, by method. To add one, add its kernel here. */
const methods = {
  absmax: { name: 'WeightParamsAbsmax', cpu: absmaxCpu, wasm: absmaxWasm, webgpu: absmaxWebgpu },
} as const satisfies Record<string, KernelDefinition<'w' | 'settings'>>;

export type WeightMethod = keyof typeof methods;

/**
 * Finds the quantization parameters of weights.
 *
 * `absmax`: scale = max|w| / qmax, symmetric, the zero point is 0; in mode 2 scale = mean|w| (XNOR-Net, Rastegari et al.
 * 2016); in mode 0 the parameters are 1, 1, 0, 0. The maximum or mean is that of the tensor, or of each channel where
 * the granularity is 1. A scale is at least 2^-24, so that weights that are all zero quantize to zero; it is NaN where a
 * weight is NaN or infinite. Maxima agree on all backends to the last bit, means within the rounding of a sum.
 * The parameters are constants to differentiation.
 * @param w of any shape, the output channel last (HWIO, [in, out])
 * @param settings [4]: qmin, qmax, mode, granularity
 * @returns [4, C]: rows scale, inverse, zero point, quantized; C is the length of w's last axis, also per tensor
 */
export function weightParams(w: Tensor, settings: Tensor1D, method: WeightMethod): Tensor2D {
  expectShape('The quantization settings', settings.shape, [4]);
  return stopGradient(() => runKernel<Tensor2D>(methods[method].name, { w, settings }));
}

/** Registers the kernel of every method. */
export function registerWeightParams(): void {
  for (const method of Object.values(methods)) defineKernel(method);
}
