/**
 * MaxPool and its gradient on WebGPU. tfjs's own starts from -1e20, may drop NaN, and sends the gradient to the last of
 * several equal values where the other backends take the first.
 */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { elementwise, output, Shader } from '../webgpu';
import { windowSizes, windowsOver, windowUniforms } from '../windows';
import { poolingOf } from './geometry';

/** Index in x of the first maximum of a window; NaN exceeds every number. */
const findWinner = `
fn winner(image: i32, outRow: i32, outColumn: i32, channel: i32) -> i32 {
  let u = uniforms;
  let row = outRow * u.strideHeight - u.top;
  let column = outColumn * u.strideWidth - u.left;
  var best = -1;
  var largest = 0.0;
  for (var i = max(row, 0); i < min(row + u.windowHeight, u.height); i = i + 1) {
    for (var j = max(column, 0); j < min(column + u.windowWidth, u.width); j = j + 1) {
      let at = ((image * u.height + i) * u.width + j) * u.channels + channel;
      let value = x[at];
      let larger = !isNan(largest) && (isNan(value) || value > largest);
      if (best < 0 || larger) {
        best = at;
        largest = value;
      }
    }
  }
  return best;
}`;

const forwardShader = new Shader({
  name: 'MaxPool2d',
  tensors: [
    { name: 'y', use: 'out' },
    { name: 'x', use: 'in' },
  ],
  uniforms: windowUniforms,
  code: `${findWinner}
fn main(group: u32, lane: u32) {
  let u = uniforms;
  let index = i32(group * 64u + lane);
  if (index >= u.batch * u.outHeight * u.outWidth * u.channels) { return; }
  let pixel = index / u.channels;
  let line = pixel / u.outWidth;
  y[index] = x[winner(line / u.outHeight, line % u.outHeight, pixel % u.outWidth, index % u.channels)];
}`,
});

/** One thread per input value: it adds up the gradients of those windows over it that it won. */
const gradientShader = new Shader(
  elementwise(
    {
      name: 'MaxPool2dGradient',
      tensors: [
        { name: 'dx', use: 'out' },
        { name: 'x', use: 'in' },
        { name: 'dy', use: 'in' },
      ],
      uniforms: windowUniforms,
    },
    `${findWinner}${windowsOver}
fn element(i: u32) -> f32 {
  let u = uniforms;
  let index = i32(i);
  let channel = index % u.channels;
  let pixel = index / u.channels;
  let column = pixel % u.width + u.left;
  let row = (pixel / u.width) % u.height + u.top;
  let image = pixel / (u.width * u.height);
  var sum = 0.0;
  for (var i = firstWindow(row, u.windowHeight, u.strideHeight); i <= lastWindow(row, u.strideHeight, u.outHeight); i = i + 1) {
    for (var j = firstWindow(column, u.windowWidth, u.strideWidth); j <= lastWindow(column, u.strideWidth, u.outWidth); j = j + 1) {
      if (winner(image, i, j, channel) == index) {
        sum = sum + dy[((image * u.outHeight + i) * u.outWidth + j) * u.channels + channel];
      }
    }
  }
  return sum;
}`,
  ),
);

export function maxPoolKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const pooling = poolingOf(x, call.attrs);
    if (!pooling) return stock(call);
    const y = output(call.backend, pooling.outShape);
    forwardShader.runFor(call.backend, util.sizeFromShape(y.shape), [y, x], windowSizes(pooling));
    return y;
  };
}

export function gradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, input } = call.inputs as { dy: TensorInfo; input: TensorInfo };
    const pooling = poolingOf(input, call.attrs);
    if (!pooling) return stock(call);
    const dx = output(call.backend, input.shape);
    gradientShader.runFor(call.backend, util.sizeFromShape(dx.shape), [dx, input, dy], windowSizes(pooling));
    return dx;
  };
}
