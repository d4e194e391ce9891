/** Puts the project's convolutions in the place of tfjs's, which tf.conv2d uses, with its gradient. */
import type { Conv2DAttrs, GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import {
  backend_util,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  engine,
  registerGradient,
} from '@tensorflow/tfjs-core';
import { replaceKernel } from '../registry';
import * as wasm from './wasm';
import * as webgpu from './webgpu';

const gradient: GradConfig = {
  kernelName: Conv2D,
  inputsToSave: ['x', 'filter'],
  gradFunc: (gradientOfOutput, saved, attrs) => {
    const dy = gradientOfOutput as Tensor;
    const [x, filter] = saved as [Tensor, Tensor];
    const { dilations, strides, pad, dataFormat, dimRoundingMode } = attrs as unknown as Conv2DAttrs;
    if (!backend_util.tupleValuesAreOne(dilations))
      throw new Error(`A convolution with dilation ${dilations} has no gradient: use dilation 1.`);
    const shared = { strides, pad, dataFormat, ...(dimRoundingMode && { dimRoundingMode }) };
    const run = (name: string, inputs: Record<string, Tensor>, own: object) =>
      engine().runKernel<Tensor>(name, inputs, { ...shared, ...own } as unknown as NamedAttrMap);
    return {
      x: () => run(Conv2DBackpropInput, { dy, filter }, { inputShape: x.shape }),
      filter: () => run(Conv2DBackpropFilter, { x, dy }, { filterShape: filter.shape }),
    };
  },
};

export function registerConv2d(): void {
  replaceKernel(Conv2D, 'wasm', wasm.conv2dKernel);
  replaceKernel(Conv2DBackpropInput, 'wasm', wasm.inputGradientKernel);
  replaceKernel(Conv2DBackpropFilter, 'wasm', wasm.filterGradientKernel);
  replaceKernel(Conv2D, 'webgpu', webgpu.conv2dKernel);
  replaceKernel(Conv2DBackpropFilter, 'webgpu', webgpu.filterGradientKernel);
  registerGradient(gradient);
}
