/** Depthwise convolution and its gradients in WGSL, one thread per result and vector of channels, without barriers. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { filterShapeOf, inputShapeOf } from '../conv2d/geometry';
import { addSlices, slicesFor } from '../slices';
import { output, Shader } from '../webgpu';
import { windowSizes, windowsOver, windowUniforms } from '../windows';
import { type Depthwise, depthwiseOf } from './geometry';

/** Channels per thread: vectors of 4 where they divide evenly. `channels` in the shaders counts vectors. */
type Width = 1 | 4;
const vectors = { 1: 'f32', 4: 'vec4<f32>' } as const;

function forwardShader(width: Width): Shader {
  const vector = vectors[width];
  return new Shader({
    name: 'Depthwise',
    tensors: [
      { name: 'y', use: 'out', type: vector },
      { name: 'x', use: 'in', type: vector },
      { name: 'filters', use: 'in', type: vector },
    ],
    uniforms: windowUniforms,
    code: `
fn main(group: u32, lane: u32) {
  let u = uniforms;
  let index = i32(group * 64u + lane);
  if (index >= u.batch * u.outHeight * u.outWidth * u.channels) { return; }
  let channel = index % u.channels;
  var pixel = index / u.channels;
  let left = (pixel % u.outWidth) * u.strideWidth - u.left;
  pixel = pixel / u.outWidth;
  let top = (pixel % u.outHeight) * u.strideHeight - u.top;
  let image = pixel / u.outHeight;
  var sum = ${vector}(0.0);
  for (var i = max(0, -top); i < min(u.windowHeight, u.height - top); i = i + 1) {
    for (var j = max(0, -left); j < min(u.windowWidth, u.width - left); j = j + 1) {
      let at = (image * u.height + top + i) * u.width + left + j;
      sum = sum + x[at * u.channels + channel] * filters[(i * u.windowWidth + j) * u.channels + channel];
    }
  }
  y[index] = sum;
}`,
  });
}

/** One thread per input value: the windows over it, in ascending order. */
function inputGradientShader(width: Width): Shader {
  const vector = vectors[width];
  return new Shader({
    name: 'DepthwiseInputGradient',
    tensors: [
      { name: 'dx', use: 'out', type: vector },
      { name: 'dy', use: 'in', type: vector },
      { name: 'filters', use: 'in', type: vector },
    ],
    uniforms: windowUniforms,
    code: `${windowsOver}
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
  var sum = ${vector}(0.0);
  for (var i = firstWindow(row, u.windowHeight, u.strideHeight); i <= lastRow; i = i + 1) {
    for (var j = firstWindow(column, u.windowWidth, u.strideWidth); j <= lastColumn; j = j + 1) {
      let tap = (row - i * u.strideHeight) * u.windowWidth + column - j * u.strideWidth;
      let at = (image * u.outHeight + i) * u.outWidth + j;
      sum = sum + dy[at * u.channels + channel] * filters[tap * u.channels + channel];
    }
  }
  dx[index] = sum;
}`,
  });
}

/** One thread per slice of the output's rows, tap and vector of channels: sums over every slices-th row. */
function filterGradientShader(width: Width): Shader {
  const vector = vectors[width];
  return new Shader({
    name: 'DepthwiseFilterGradient',
    tensors: [
      { name: 'parts', use: 'out', type: vector },
      { name: 'x', use: 'in', type: vector },
      { name: 'dy', use: 'in', type: vector },
    ],
    uniforms: [...windowUniforms, 'slices'],
    code: `
fn main(group: u32, lane: u32) {
  let u = uniforms;
  let index = i32(group * 64u + lane);
  if (index >= u.slices * u.windowHeight * u.windowWidth * u.channels) { return; }
  let channel = index % u.channels;
  let tap = index / u.channels;
  let left = tap % u.windowWidth - u.left;
  let top = (tap / u.windowWidth) % u.windowHeight - u.top;
  var sum = ${vector}(0.0);
  for (var line = tap / (u.windowWidth * u.windowHeight); line < u.batch * u.outHeight; line = line + u.slices) {
    let row = (line % u.outHeight) * u.strideHeight + top;
    if (row < 0 || row >= u.height) { continue; }
    let first = (line / u.outHeight * u.height + row) * u.width;
    for (var j = 0; j < u.outWidth; j = j + 1) {
      let column = j * u.strideWidth + left;
      if (column >= 0 && column < u.width) {
        sum = sum + x[(first + column) * u.channels + channel] * dy[(line * u.outWidth + j) * u.channels + channel];
      }
    }
  }
  parts[index] = sum;
}`,
  });
}

const forwards = { 1: forwardShader(1), 4: forwardShader(4) } as const;
const inputGradients = { 1: inputGradientShader(1), 4: inputGradientShader(4) } as const;
const filterGradients = { 1: filterGradientShader(1), 4: filterGradientShader(4) } as const;

function widthOf({ inChannels }: Depthwise): Width {
  return inChannels % 4 === 0 ? 4 : 1;
}

/** The sizes, with the channels counted in vectors. */
function sizes(depthwise: Depthwise): number[] {
  return windowSizes({ ...depthwise, inChannels: depthwise.inChannels / widthOf(depthwise) });
}

export function depthwiseKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, filter } = call.inputs as { x: TensorInfo; filter: TensorInfo };
    const depthwise = depthwiseOf(call.attrs, x.shape, filter.shape, [x, filter]);
    if (!depthwise) return stock(call);
    const y = output(call.backend, depthwise.outShape);
    const width = widthOf(depthwise);
    const threads = util.sizeFromShape(y.shape) / width;
    forwards[width].runFor(call.backend, threads, [y, x, filter], sizes(depthwise));
    return y;
  };
}

export function inputGradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, filter } = call.inputs as { dy: TensorInfo; filter: TensorInfo };
    const depthwise = depthwiseOf(call.attrs, inputShapeOf(call.attrs), filter.shape, [dy, filter]);
    if (!depthwise) return stock(call);
    const dx = output(call.backend, depthwise.inShape);
    const width = widthOf(depthwise);
    const threads = util.sizeFromShape(dx.shape) / width;
    inputGradients[width].runFor(call.backend, threads, [dx, dy, filter], sizes(depthwise));
    return dx;
  };
}

export function filterGradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, dy } = call.inputs as { x: TensorInfo; dy: TensorInfo };
    const filterShape = filterShapeOf(call.attrs);
    const depthwise = depthwiseOf(call.attrs, x.shape, filterShape, [x, dy]);
    if (!depthwise) return stock(call);
    const width = widthOf(depthwise);
    const size = util.sizeFromShape(filterShape);
    const slices = slicesFor(depthwise.batchSize * depthwise.outHeight, size / width);
    const parts = output(call.backend, [slices, size]);
    const uniforms = [...sizes(depthwise), slices];
    filterGradients[width].runFor(call.backend, (slices * size) / width, [parts, x, dy], uniforms);
    return addSlices(call.backend, parts, filterShape);
  };
}
