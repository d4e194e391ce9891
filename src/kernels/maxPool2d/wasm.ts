/** MaxPool and its gradient on WebAssembly (assembly/pool.ts). */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { address, launch, output } from '../wasm';
import { windowSizes } from '../windows';
import { poolingOf } from './geometry';

export function maxPoolKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const pooling = poolingOf(x, call.attrs);
    if (!pooling) return stock(call);
    const y = output(pooling.outShape);
    launch('maxPool', address(x), address(y), ...windowSizes(pooling));
    return y;
  };
}

export function gradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, input } = call.inputs as { dy: TensorInfo; input: TensorInfo };
    const pooling = poolingOf(input, call.attrs);
    if (!pooling) return stock(call);
    const dx = output(input.shape);
    launch('maxPoolGradient', address(input), address(dy), address(dx), ...windowSizes(pooling));
    return dx;
  };
}
