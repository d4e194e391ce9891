/** Conv2D and its two gradients on WebAssembly, as matrix products that read the input in place (assembly/conv2d.ts). */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { address, launch, output, scratch } from '../wasm';
import { type Convolution, convolutionOf, filterShapeOf, inputShapeOf } from './geometry';

/** An NHWC tensor in memory. */
interface Image {
  readonly address: number;
  readonly height: number;
  readonly width: number;
}

/** Where the pixels of a tensor go in a larger one of zeros: pixel (r, c) to (top + r, left + c). */
interface Placement {
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
}

export function conv2dKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, filter } = call.inputs as { x: TensorInfo; filter: TensorInfo };
    const conv = convolutionOf(call.attrs, x.shape, filter.shape);
    if (!conv || !isFloat(x, filter)) return stock(call);
    const out = output(conv.outShape);
    const work = 4 * conv.filterHeight * conv.filterWidth * conv.inChannels * roundUp(conv.outChannels);
    const [image, workspace] = place(x, padded(conv), work);
    launch(
      'conv2d',
      image.address,
      address(filter),
      address(out),
      ...sizes(conv, image),
      conv.strideHeight,
      conv.strideWidth,
      workspace,
    );
    return out;
  };
}

export function inputGradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { dy, filter } = call.inputs as { dy: TensorInfo; filter: TensorInfo };
    const conv = convolutionOf(call.attrs, inputShapeOf(call.attrs), filter.shape);
    if (!conv || !isFloat(dy, filter)) return stock(call);
    const { strideHeight, strideWidth } = conv;
    const out = output(conv.inShape);
    if (strideHeight === 1 && strideWidth === 1) inputGradient(conv, dy, filter, out);
    else stridedInputGradient(conv, dy, filter, out);
    return out;
  };
}

/** Bytes of the filter packed for the input's gradient. */
function turnedBytes({ filterHeight, filterWidth, inChannels, outChannels }: Convolution): number {
  return 4 * filterHeight * filterWidth * outChannels * roundUp(inChannels);
}

function inputGradient(conv: Convolution, dy: TensorInfo, filter: TensorInfo, out: TensorInfo): void {
  const { filterHeight, filterWidth, inChannels, outChannels, inHeight, inWidth, padInfo } = conv;
  const placement = {
    height: inHeight + filterHeight - 1,
    width: inWidth + filterWidth - 1,
    top: filterHeight - 1 - padInfo.top,
    left: filterWidth - 1 - padInfo.left,
  };
  const [image, workspace] = place(dy, placement, turnedBytes(conv));
  launch(
    'conv2dInputGradient',
    image.address,
    address(filter),
    address(out),
    conv.batchSize,
    image.height,
    image.width,
    inChannels,
    filterHeight,
    filterWidth,
    outChannels,
    inHeight,
    inWidth,
    workspace,
  );
}

/** With a stride above 1, by the phases of assembly/conv2d.ts. */
function stridedInputGradient(conv: Convolution, dy: TensorInfo, filter: TensorInfo, out: TensorInfo): void {
  const { filterHeight, filterWidth, strideHeight, strideWidth, inHeight, inWidth, inChannels, padInfo } =
    conv;
  // Zeros before, one fewer than a phase has taps; the last pixel of dx in units of the stride; see there.
  const top = Math.ceil(filterHeight / strideHeight) - 1;
  const left = Math.ceil(filterWidth / strideWidth) - 1;
  const placement = {
    height: Math.floor((inHeight - 1 + padInfo.top) / strideHeight) + 1 + top,
    width: Math.floor((inWidth - 1 + padInfo.left) / strideWidth) + 1 + left,
    top,
    left,
  };
  const phase = Math.ceil(inHeight / strideHeight) * Math.ceil(inWidth / strideWidth) * inChannels;
  const [image, workspace] = place(dy, placement, turnedBytes(conv) + 4 * conv.batchSize * phase);
  launch(
    'conv2dStridedInputGradient',
    image.address,
    address(filter),
    address(out),
    conv.batchSize,
    image.height,
    image.width,
    inChannels,
    filterHeight,
    filterWidth,
    conv.outChannels,
    inHeight,
    inWidth,
    strideHeight,
    strideWidth,
    padInfo.top,
    padInfo.left,
    top,
    left,
    workspace,
  );
}

export function filterGradientKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x, dy } = call.inputs as { x: TensorInfo; dy: TensorInfo };
    const conv = convolutionOf(call.attrs, x.shape, filterShapeOf(call.attrs));
    if (!conv || !isFloat(x, dy)) return stock(call);
    const out = output(conv.filterShape);
    const work = 4 * Math.max(blockPixels, conv.outWidth) * roundUp(conv.outChannels);
    const [image, workspace] = place(x, padded(conv), work);
    launch(
      'conv2dFilterGradient',
      image.address,
      address(dy),
      address(out),
      ...sizes(conv, image),
      conv.strideHeight,
      conv.strideWidth,
      workspace,
    );
    return out;
  };
}

/** Output pixels at a time in assembly/conv2d.ts, which the size of its workspace follows from. */
const blockPixels = 256;

function isFloat(...tensors: TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtype === 'float32');
}

/** Channels in whole panels of 8. */
function roundUp(channels: number): number {
  return 8 * Math.ceil(channels / 8);
}

/** The input with its padding, as far as the filter reaches. */
function padded(conv: Convolution): Placement {
  return {
    height: (conv.outHeight - 1) * conv.strideHeight + conv.filterHeight,
    width: (conv.outWidth - 1) * conv.strideWidth + conv.filterWidth,
    top: conv.padInfo.top,
    left: conv.padInfo.left,
  };
}

/**
 * The tensor placed among zeros, in scratch memory, and a workspace of so many bytes beside it; or the tensor itself
 * where nothing has to be added.
 */
function place(x: TensorInfo, to: Placement, workspaceBytes: number): [Image, number] {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const inPlace = to.top === 0 && to.left === 0 && to.height <= height && to.width <= width;
  if (inPlace) return [{ address: address(x), height, width }, scratch(workspaceBytes)];
  const workspace = 16 * Math.ceil(workspaceBytes / 16);
  const block = scratch(workspace + 4 * batch * to.height * to.width * channels);
  const image = { address: block + workspace, height: to.height, width: to.width };
  launch(
    'pad',
    address(x),
    image.address,
    batch,
    height,
    width,
    channels,
    to.height,
    to.width,
    to.top,
    to.left,
  );
  return [image, block];
}

/** The arguments that `conv2d` and `conv2dFilterGradient` share. */
function sizes(conv: Convolution, image: Image): number[] {
  const { batchSize, inChannels, filterHeight, filterWidth, outChannels, outHeight, outWidth } = conv;
  return [
    batchSize,
    image.height,
    image.width,
    inChannels,
    filterHeight,
    filterWidth,
    outChannels,
    outHeight,
    outWidth,
  ];
}
