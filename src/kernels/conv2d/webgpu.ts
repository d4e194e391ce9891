/**
 * Conv2D for few input channels, and the filter's gradient, on WebGPU. tfjs's own tile the sum over input channels,
 * which leaves most lanes idle when there are few, and give each filter element one thread however large the batch.
 */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { inOneOrder } from '../matmul/webgpu';
import { addSlices, slicesFor } from '../slices';
import { output, Shader } from '../webgpu';
import { type Convolution, convolutionOf, filterShapeOf } from './geometry';

/** Output channels per thread: vectors of 4 where they divide evenly. */
type Width = 1 | 4;
const vectors = { 1: 'f32', 4: 'vec4<f32>' } as const;

/** Above this many input channels tfjs's tiled product is the better one. */
const directChannels = 16;
const geometry = [
  'batch',
  'inHeight',
  'inWidth',
  'inChannels',
  'kernelHeight',
  'kernelWidth',
  'outHeight',
  'outWidth',
  'groups',
  'strideHeight',
  'strideWidth',
  'top',
  'left',
] as const;

/** The values of `geometry`; `groups` is the number of vectors of output channels. */
function values(conv: Convolution, width: Width): number[] {
  return [
    conv.batchSize,
    conv.inHeight,
    conv.inWidth,
    conv.inChannels,
    conv.filterHeight,
    conv.filterWidth,
    conv.outHeight,
    conv.outWidth,
    conv.outChannels / width,
    conv.strideHeight,
    conv.strideWidth,
    conv.padInfo.top,
    conv.padInfo.left,
  ];
}

/** One thread per output pixel and vector of output channels. */
function directShader(width: Width): Shader {
  const vector = vectors[width];
  return new Shader({
    name: 'Conv2dDirect',
    tensors: [
      { name: 'y', use: 'out', type: vector },
      { name: 'x', use: 'in' },
      { name: 'filters', use: 'in', type: vector },
    ],
    uniforms: geometry,
    code: `
fn main(group: u32, lane: u32) {
  let u = uniforms;
  let index = i32(group * 64u + lane);
  if (index >= u.batch * u.outHeight * u.outWidth * u.groups) { return; }
  let channel = index % u.groups;
  var pixel = index / u.groups;
  let left = (pixel % u.outWidth) * u.strideWidth - u.left;
  pixel = pixel / u.outWidth;
  let top = (pixel % u.outHeight) * u.strideHeight - u.top;
  let image = pixel / u.outHeight;
  var sum = ${vector}(0.0);
  for (var i = max(0, -top); i < min(u.kernelHeight, u.inHeight - top); i = i + 1) {
    for (var j = max(0, -left); j < min(u.kernelWidth, u.inWidth - left); j = j + 1) {
      let at = ((image * u.inHeight + top + i) * u.inWidth + left + j) * u.inChannels;
      let weight = (i * u.kernelWidth + j) * u.inChannels * u.groups + channel;
      for (var k = 0; k < u.inChannels; k = k + 1) {
        sum = sum + x[at + k] * filters[weight + k * u.groups];
      }
    }
  }
  y[index] = sum;
}`,
  });
}

/** One thread per slice of the output's rows, filter tap and vector of output channels: sums over every slices-th row. */
function partialShader(width: Width): Shader {
  const vector = vectors[width];
  return new Shader({
    name: 'Conv2dFilterGradientParts',
    tensors: [
      { name: 'parts', use: 'out', type: vector },
      { name: 'x', use: 'in' },
      { name: 'dy', use: 'in', type: vector },
    ],
    uniforms: [...geometry, 'slices'],
    code: `
fn main(group: u32, lane: u32) {
  let u = uniforms;
  let index = i32(group * 64u + lane);
  if (index >= u.slices * u.kernelHeight * u.kernelWidth * u.inChannels * u.groups) { return; }
  let channel = index % u.groups;
  var rest = index / u.groups;
  let k = rest % u.inChannels;
  rest = rest / u.inChannels;
  let j = rest % u.kernelWidth;
  rest = rest / u.kernelWidth;
  let i = rest % u.kernelHeight;
  var sum = ${vector}(0.0);
  for (var line = rest / u.kernelHeight; line < u.batch * u.outHeight; line = line + u.slices) {
    let image = line / u.outHeight;
    let row = (line % u.outHeight) * u.strideHeight - u.top + i;
    if (row < 0 || row >= u.inHeight) { continue; }
    let first = (image * u.inHeight + row) * u.inWidth;
    for (var c = 0; c < u.outWidth; c = c + 1) {
      let column = c * u.strideWidth - u.left + j;
      if (column >= 0 && column < u.inWidth) {
        sum = sum + x[(first + column) * u.inChannels + k] * dy[(line * u.outWidth + c) * u.groups + channel];
      }
    }
  }
  parts[index] = sum;
}`,
  });
}

const directShaders = { 1: directShader(1), 4: directShader(4) } as const;
const partialShaders = { 1: partialShader(1), 4: partialShader(4) } as const;

function widthOf({ outChannels }: Convolution): Width {
  return outChannels % 4 === 0 ? 4 : 1;
}

function isFloat(...tensors: TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtype === 'float32');
}

export function conv2dKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, filter } = call.inputs as { x: TensorInfo; filter: TensorInfo };
    const conv = convolutionOf(call.attrs, x.shape, filter.shape);
    if (!conv || conv.inChannels > directChannels || !isFloat(x, filter)) {
      return inOneOrder(util.sizeFromShape(filter.shape.slice(0, 3)), () => stock(call));
    }
    const width = widthOf(conv);
    const y = output(call.backend, conv.outShape);
    const count = util.sizeFromShape(conv.outShape) / width;
    directShaders[width].runFor(call.backend, count, [y, x, filter], values(conv, width));
    return y;
  };
}

export function filterGradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, dy } = call.inputs as { x: TensorInfo; dy: TensorInfo };
    const filterShape = filterShapeOf(call.attrs);
    const conv = convolutionOf(call.attrs, x.shape, filterShape);
    if (!conv || !isFloat(x, dy)) return stock(call);
    const width = widthOf(conv);
    const size = util.sizeFromShape(filterShape);
    const slices = slicesFor(conv.batchSize * conv.outHeight, size / width);
    const parts = output(call.backend, [slices, size]);
    partialShaders[width].runFor(
      call.backend,
      (slices * size) / width,
      [parts, x, dy],
      [...values(conv, width), slices],
    );
    return addSlices(call.backend, parts, filterShape);
  };
}
