/** Depthwise convolution and its gradients on WebAssembly (assembly/depthwise.ts). */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { filterShapeOf, inputShapeOf } from '../conv2d/geometry';
import { address, launch, output } from '../wasm';
import { windowSizes } from '../windows';
import { depthwiseOf } from './geometry';

export function depthwiseKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, filter } = call.inputs as { x: TensorInfo; filter: TensorInfo };
    const depthwise = depthwiseOf(call.attrs, x.shape, filter.shape, [x, filter]);
    if (!depthwise) return stock(call);
    const y = output(depthwise.outShape);
    launch('depthwise', address(x), address(filter), address(y), ...windowSizes(depthwise));
    return y;
  };
}

export function inputGradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, filter } = call.inputs as { dy: TensorInfo; filter: TensorInfo };
    const depthwise = depthwiseOf(call.attrs, inputShapeOf(call.attrs), filter.shape, [dy, filter]);
    if (!depthwise) return stock(call);
    const dx = output(depthwise.inShape);
    launch('depthwiseInputGradient', address(dy), address(filter), address(dx), ...windowSizes(depthwise));
    return dx;
  };
}

export function filterGradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, dy } = call.inputs as { x: TensorInfo; dy: TensorInfo };
    const filterShape = filterShapeOf(call.attrs);
    const depthwise = depthwiseOf(call.attrs, x.shape, filterShape, [x, dy]);
    if (!depthwise) return stock(call);
    const dw = output(filterShape);
    launch('depthwiseFilterGradient', address(x), address(dy), address(dw), ...windowSizes(depthwise));
    return dw;
  };
}
