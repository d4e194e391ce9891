/** Average pooling and its gradient in JavaScript, rounded to float32 after every operation. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { floats, result } from '../cpu';
import { type Pooling, poolingOf } from '../maxPool2d/geometry';

/** Calls `visit` with each output's index, and the indices in the input of the pixels under its window, in row-major order. */
function forEachWindow(pooling: Pooling, visit: (y: number, pixels: readonly number[]) => void): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = pooling;
  const outputs = util.sizeFromShape(pooling.outShape);
  for (let index = 0; index < outputs; index++) {
    const channel = index % inChannels;
    const column = (Math.floor(index / inChannels) % outWidth) * pooling.strideWidth - padInfo.left;
    const line = Math.floor(index / (inChannels * outWidth));
    const row = (line % outHeight) * pooling.strideHeight - padInfo.top;
    const image = Math.floor(line / outHeight);
    const pixels: number[] = [];
    for (let i = Math.max(row, 0); i < Math.min(row + pooling.filterHeight, inHeight); i++)
      for (let j = Math.max(column, 0); j < Math.min(column + pooling.filterWidth, inWidth); j++)
        pixels.push(((image * inHeight + i) * inWidth + j) * inChannels + channel);
    visit(index, pixels);
  }
}

export function averagePoolKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const pooling = poolingOf(x, call.attrs);
    if (!pooling) return stock(call);
    const values = floats(call.backend, x);
    const y = new Float32Array(util.sizeFromShape(pooling.outShape));
    forEachWindow(pooling, (index, pixels) => {
      const sum = pixels.reduce((total, at) => Math.fround(total + values[at]!), 0);
      y[index] = sum * Math.fround(1 / pixels.length);
    });
    return result(call.backend, pooling.outShape, y);
  };
}

export function gradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, input } = call.inputs as { dy: TensorInfo; input: TensorInfo };
    const pooling = poolingOf(input, call.attrs);
    if (!pooling) return stock(call);
    const upstream = floats(call.backend, dy);
    const dx = new Float32Array(util.sizeFromShape(input.shape));
    forEachWindow(pooling, (index, pixels) => {
      const share = Math.fround(upstream[index]! * Math.fround(1 / pixels.length));
      for (const at of pixels) dx[at]! += share;
    });
    return result(call.backend, input.shape, dx);
  };
}
