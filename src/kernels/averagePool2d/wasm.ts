/** Average pooling and its gradient on WebAssembly (assembly/averagePool.ts). */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { poolingOf } from '../maxPool2d/geometry';
import { address, launch, output } from '../wasm';
import { windowSizes } from '../windows';

export function averagePoolKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const pooling = poolingOf(x, call.attrs);
    if (!pooling) return stock(call);
    const y = output(pooling.outShape);
    launch('averagePool', address(x), address(y), ...windowSizes(pooling));
    return y;
  };
}

export function gradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, input } = call.inputs as { dy: TensorInfo; input: TensorInfo };
    const pooling = poolingOf(input, call.attrs);
    if (!pooling) return stock(call);
    const dx = output(input.shape);
    launch('averagePoolGradient', address(dy), address(dx), ...windowSizes(pooling));
    return dx;
  };
}
