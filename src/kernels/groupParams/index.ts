/**
 * groupParams(w): the quantization parameters of weights in groups, which run along the input axis of each output channel
 * and have a scale each. One kernel for each method and size.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectSettings, runKernel, stopGradient } from '../definition';
import { type GroupMethod, groupParamsCpu } from './cpu';
import { groupParamsWasm } from './wasm';
import { groupParamsWebgpu } from './webgpu';

export type { GroupMethod } from './cpu';

const methods = ['absmax', 'mse', 'percentile', 'pow2', 'mean', 'twn'] as const satisfies GroupMethod[];

/** Weights in a group, as many as there are where an axis ends. */
export const groupSizes = [16, 32, 64, 128] as const;
export type GroupSize = (typeof groupSizes)[number];

const nameOf = (method: GroupMethod, size: GroupSize) => `GroupParams_${method}_${size}`;

/**
 * Finds the quantization parameters of groups of `size` weights by a method of weightParams: for each group what that gives
 * for a channel of these weights alone. A group runs along the input axis, the last but one, at each place of a kernel for
 * itself, as the blocks of quantizeMx do; the last group of an axis may be shorter. A weight that is NaN or infinite makes
 * the scale of its group NaN, and no other.
 * @param w of rank 2 or more, the output channel last (HWIO, [in, out])
 * @param settings qmin, qmax, mode, and granularity 1 (src/quant/settings.ts)
 * @returns [4, n]: rows scale, inverse, zero point, quantized of each of the n weights' groups, so that quantize and
 *   quantizeByRule take them for weights of shape [1, n]. Constants to differentiation.
 * @throws if a shape does not fit
 */
export function groupParams(w: Tensor, settings: Tensor1D, method: GroupMethod, size: GroupSize): Tensor2D {
  if (w.rank < 2)
    throw new Error(
      `Groups run along the input channels, but the tensor has the shape [${w.shape.join(', ')}].`,
    );
  expectSettings(settings);
  return stopGradient(() => runKernel<Tensor2D>(nameOf(method, size), { w, settings }));
}

/** Registers the kernels. */
export function registerGroupParams(): void {
  for (const method of methods)
    for (const size of groupSizes)
      defineKernel({
        name: nameOf(method, size),
        cpu: groupParamsCpu(method, size),
        wasm: groupParamsWasm(method, size),
        webgpu: groupParamsWebgpu(method, size),
      });
}
