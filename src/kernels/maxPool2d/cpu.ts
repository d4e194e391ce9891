/** MaxPool and its gradient in plain JavaScript: tfjs's own lets a NaN vanish, so that divergence would go unseen. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { floats, result } from '../cpu';
import { type Pooling, poolingOf } from './geometry';

/** Index in x of the first maximum under each window, in the order of the output. NaN exceeds every number. */
function winners(x: Float32Array, pooling: Pooling): Int32Array {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = pooling;
  return Int32Array.from({ length: util.sizeFromShape(pooling.outShape) }, (_, index) => {
    const channel = index % inChannels;
    const column = (Math.floor(index / inChannels) % outWidth) * pooling.strideWidth - padInfo.left;
    const line = Math.floor(index / (inChannels * outWidth));
    const row = (line % outHeight) * pooling.strideHeight - padInfo.top;
    const image = Math.floor(line / outHeight);
    let winner = -1;
    for (let i = Math.max(row, 0); i < Math.min(row + pooling.filterHeight, inHeight); i++) {
      for (let j = Math.max(column, 0); j < Math.min(column + pooling.filterWidth, inWidth); j++) {
        const at = ((image * inHeight + i) * inWidth + j) * inChannels + channel;
        if (winner < 0 || beats(x[at]!, x[winner]!)) winner = at;
      }
    }
    return winner;
  });
}

function beats(value: number, best: number): boolean {
  return value > best || (Number.isNaN(value) && !Number.isNaN(best));
}

export function maxPoolKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const pooling = poolingOf(x, call.attrs);
    if (!pooling) return stock(call);
    const values = floats(call.backend, x);
    const y = Float32Array.from(winners(values, pooling), (at) => values[at]!);
    return result(call.backend, pooling.outShape, y);
  };
}

export function gradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, input } = call.inputs as { dy: TensorInfo; input: TensorInfo };
    const pooling = poolingOf(input, call.attrs);
    if (!pooling) return stock(call);
    const gradient = floats(call.backend, dy);
    const dx = new Float32Array(util.sizeFromShape(input.shape));
    winners(floats(call.backend, input), pooling).forEach((at, i) => {
      dx[at]! += gradient[i]!;
    });
    return result(call.backend, input.shape, dx);
  };
}
