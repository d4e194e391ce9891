/** Puts the project's maximum pooling in the place of tfjs's, which tf.maxPool uses, with its gradient. */
import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { engine, MaxPool, MaxPoolGrad, registerGradient } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../registry';
import * as cpu from './cpu';
import * as wasm from './wasm';
import * as webgpu from './webgpu';

const gradient: GradConfig = {
  kernelName: MaxPool,
  inputsToSave: ['x'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs: NamedAttrMap) => {
    const [input, output] = saved as [Tensor, Tensor];
    return { x: () => engine().runKernel<Tensor>(MaxPoolGrad, { dy: dy as Tensor, input, output }, attrs) };
  },
};

export function registerMaxPool2d(): void {
  replaceKernel(MaxPool, 'cpu', cpu.maxPoolKernel);
  replaceKernel(MaxPool, 'wasm', wasm.maxPoolKernel);
  replaceKernel(MaxPool, 'webgpu', webgpu.maxPoolKernel);
  replaceKernel(MaxPoolGrad, 'cpu', cpu.gradientKernel);
  replaceKernel(MaxPoolGrad, 'wasm', wasm.gradientKernel);
  replaceKernel(MaxPoolGrad, 'webgpu', webgpu.gradientKernel);
  registerGradient(gradient);
}
