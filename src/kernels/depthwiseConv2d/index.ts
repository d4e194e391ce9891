/**
 * Puts the project's depthwise convolution in the place of tfjs's, which tf.depthwiseConv2d uses, with its gradient.
 *
 * y[n, i, j, c] = sum over u, v of x[n, i s - top + u, j s - left + v, c] * filter[u, v, c, 0] for x [B, H, W, C] and
 * filter [h, w, C, 1] (Howard et al. 2017, MobileNets). Every sum runs in a fixed order, and is exact for
 * integer-valued operands while it stays below 2^24. Padding takes no part, so that NaN reaches the outputs whose window
 * it lies in and no others. tfjs has the gradients for its cpu backend; its wasm backend lacks both, its webgpu
 * backend gives the filter's one thread per element.
 */
import type { DepthwiseConv2dNativeAttrs, GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import {
  backend_util,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  registerGradient,
} from '@tensorflow/tfjs-core';
import { replaceKernel } from '../registry';
import * as wasm from './wasm';
import * as webgpu from './webgpu';

const gradient: GradConfig = {
  kernelName: DepthwiseConv2dNative,
  inputsToSave: ['x', 'filter'],
  gradFunc: (gradientOfOutput, saved, attrs) => {
    const dy = gradientOfOutput as Tensor;
    const [x, filter] = saved as [Tensor, Tensor];
    const { dilations, strides, pad, dataFormat, dimRoundingMode } =
      attrs as unknown as DepthwiseConv2dNativeAttrs;
    if (!backend_util.tupleValuesAreOne(dilations) || dataFormat !== 'NHWC')
      throw new Error('A depthwise convolution has a gradient only without dilation and with channels last.');
    const shared = { strides, pad, dilations, ...(dimRoundingMode && { dimRoundingMode }) };
    const run = (name: string, inputs: Record<string, Tensor>, own: object) =>
      engine().runKernel<Tensor>(name, inputs, { ...shared, ...own } as unknown as NamedAttrMap);
    return {
      x: () => run(DepthwiseConv2dNativeBackpropInput, { dy, filter }, { inputShape: x.shape }),
      filter: () => run(DepthwiseConv2dNativeBackpropFilter, { x, dy }, { filterShape: filter.shape }),
    };
  },
};

export function registerDepthwiseConv2d(): void {
  for (const [backend, own] of [
    ['wasm', wasm],
    ['webgpu', webgpu],
  ] as const) {
    replaceKernel(DepthwiseConv2dNative, backend, own.depthwiseKernel);
    replaceKernel(DepthwiseConv2dNativeBackpropInput, backend, own.inputGradientKernel);
    replaceKernel(DepthwiseConv2dNativeBackpropFilter, backend, own.filterGradientKernel);
  }
  registerGradient(gradient);
}
