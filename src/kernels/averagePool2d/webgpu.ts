/** Average pooling and its gradient in WGSL, one thread per value. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { poolingOf } from '../maxPool2d/geometry';
import { output, Shader } from '../webgpu';
import { windowSizes, windowsOver, windowUniforms } from '../windows';

/** How many pixels along an axis lie under the window that begins at `start`. */
const pixelsUnder = `
fn pixelsUnder(start: i32, window: i32, length: i32) -> i32 {
  return min(start + window, length) - max(start, 0);
}`;

const forwardShader = new Shader({
  name: 'AveragePool2d',
  tensors: [
    { name: 'y', use: 'out' },
    { name: 'x', use: 'in' },
  ],
  uniforms: windowUniforms,
  code: `${pixelsUnder}
fn main(group: u32, lane: u32) {
  let u = uniforms;
  let index = i32(group * 64u + lane);
  if (index >= u.batch * u.outHeight * u.outWidth * u.channels) { return; }
  let channel = index % u.channels;
  var pixel = index / u.channels;
  let column = (pixel % u.outWidth) * u.strideWidth - u.left;
  pixel = pixel / u.outWidth;
  let row = (pixel % u.outHeight) * u.strideHeight - u.top;
  let image = pixel / u.outHeight;
  var sum = 0.0;
  for (var i = max(row, 0); i < min(row + u.windowHeight, u.height); i = i + 1) {
    for (var j = max(column, 0); j < min(column + u.windowWidth, u.width); j = j + 1) {
      sum = sum + x[((image * u.height + i) * u.width + j) * u.channels + channel];
    }
  }
  let pixels = pixelsUnder(row, u.windowHeight, u.height) * pixelsUnder(column, u.windowWidth, u.width);
  y[index] = exact(sum) * divide(1.0, f32(pixels));
}`,
});

const gradientShader = new Shader({
  name: 'AveragePool2dGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dy', use: 'in' },
  ],
  uniforms: windowUniforms,
  code: `${pixelsUnder}${windowsOver}
fn main(group: u32, lane: u32) {
  let u = uniforms;
  let index = i32(group * 64u + lane);
  if (index >= u.batch * u.height * u.width * u.channels) { return; }
  let channel = index % u.channels;
  let pixel = index / u.channels;
  let column = pixel % u.width + u.left;
  let row = (pixel / u.width) % u.height + u.top;
  let image = pixel / (u.width * u.height);
  let lastRow = lastWindow(row, u.strideHeight, u.outHeight);
  let lastColumn = lastWindow(column, u.strideWidth, u.outWidth);
  var sum = 0.0;
  for (var i = firstWindow(row, u.windowHeight, u.strideHeight); i <= lastRow; i = i + 1) {
    let rows = pixelsUnder(i * u.strideHeight - u.top, u.windowHeight, u.height);
    for (var j = firstWindow(column, u.windowWidth, u.strideWidth); j <= lastColumn; j = j + 1) {
      let pixels = rows * pixelsUnder(j * u.strideWidth - u.left, u.windowWidth, u.width);
      let upstream = dy[((image * u.outHeight + i) * u.outWidth + j) * u.channels + channel];
      sum = sum + exact(upstream * divide(1.0, f32(pixels)));
    }
  }
  dx[index] = sum;
}`,
});

export function averagePoolKernel(stock: KernelFunc): KernelFunc {
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
    gradientShader.runFor(call.backend, util.sizeFromShape(dx.shape), [dx, dy], windowSizes(pooling));
    return dx;
  };
}
