/** scaleValues(x): what integer-valued floats mean, in one pass. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, lastAxis, runKernel } from '../definition';
import { scaleValuesCpu } from './cpu';
import { scaleValuesWasm } from './wasm';
import { scaleValuesWebgpu } from './webgpu';

const name = 'ScaleValues';

/**
 * x times the scales of its channels, row 0 of the parameters. The gradient is dy times them; the parameters get none.
 * @param x of any shape
 * @param params [4, C]: rows scale, inverse, zero point, quantized; C is 1 or the length of x's last axis
 * @throws if a shape does not fit
 */
export function scaleValues<X extends Tensor>(x: X, params: Tensor2D): X {
  const channels = params.shape[1] === 1 ? 1 : lastAxis(x.shape);
  expectShape('The quantization parameters', params.shape, [4, channels]);
  return runKernel<X>(name, { x, params });
}

/** Registers the kernel and its gradient. */
export function registerScaleValues(): void {
  defineKernel({
    name,
    cpu: scaleValuesCpu,
    wasm: scaleValuesWasm,
    webgpu: scaleValuesWebgpu,
    gradient: {
      inputsToSave: ['params'],
      gradFunc: (dy, [params]) => ({ x: () => scaleValues(dy as Tensor, params as Tensor2D) }),
    },
  });
}
