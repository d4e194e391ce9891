/**
 * Average pooling, in the place of tfjs's, which tf.avgPool uses, with its gradient.
 *
 * y = fl(s * fl(1 / n)), where s is the sum of the n pixels under a window, added in row-major order in float32: for
 * integer-valued inputs exact below 2^24, so that there is a single rounding. Padding is not counted in n. All backends
 * give the same bits (tfjs's divide on some and multiply on others). NaN reaches the outputs whose window it lies in.
 * Gradient: dx = the sum of fl(dy * fl(1 / n)) over the windows above a pixel, in ascending order.
 */
import type { GradConfig, NamedAttrMap, Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { AvgPool, AvgPoolGrad, avgPool, engine, registerGradient, reshape } from '@tensorflow/tfjs-core';
import { replaceKernel } from '../registry';
import * as cpu from './cpu';
import * as wasm from './wasm';
import * as webgpu from './webgpu';

/**
 * The means of windows of size x size pixels, `stride` apart, without padding.
 * @param x [B, H, W, C]
 * @returns [B, floor((H - size) / stride) + 1, floor((W - size) / stride) + 1, C]
 */
export function averagePool2d(x: Tensor4D, size: number, stride = size): Tensor4D {
  return avgPool(x, size, stride, 'valid');
}

/**
 * The mean over all positions, channel by channel.
 * @param x [B, H, W, C], or a sequence [B, T, C]
 * @returns [B, C]
 */
export function globalAveragePool(x: Tensor3D | Tensor4D): Tensor2D {
  const batch = x.shape[0];
  const channels = x.shape.at(-1)!;
  const positions = x.shape.slice(1, -1).reduce((product, length) => product * length, 1);
  const column = reshape(x, [batch, positions, 1, channels]) as Tensor4D;
  return reshape(avgPool(column, [positions, 1], 1, 'valid'), [batch, channels]);
}

const gradient: GradConfig = {
  kernelName: AvgPool,
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs: NamedAttrMap) => {
    const [input] = saved as [Tensor];
    return { x: () => engine().runKernel<Tensor>(AvgPoolGrad, { dy: dy as Tensor, input }, attrs) };
  },
};

export function registerAveragePool2d(): void {
  for (const [backend, own] of [
    ['cpu', cpu],
    ['wasm', wasm],
    ['webgpu', webgpu],
  ] as const) {
    replaceKernel(AvgPool, backend, own.averagePoolKernel);
    replaceKernel(AvgPoolGrad, backend, own.gradientKernel);
  }
  registerGradient(gradient);
}
