/** Transpose, concat and stack as copies of blocks (../assembly/slice.ts). */
import {
  type ConcatAttrs,
  type KernelFunc,
  type PackAttrs,
  type TensorInfo,
  type TransposeAttrs,
  util,
} from '@tensorflow/tfjs-core';
import { address, launch, output } from '../wasm';

/** Whether a value takes four bytes. */
const covers = ({ dtype }: TensorInfo) => dtype === 'float32' || dtype === 'int32';
const size = util.sizeFromShape;

/** Permutations that exchange two runs of axes side by side, such as [0, 2, 1, 3] and [1, 0]; else the stock kernel. */
export function transposeKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { perm } = call.attrs as unknown as TransposeAttrs;
    const start = perm.findIndex((axis, i) => axis !== i);
    const end = perm.findLastIndex((axis, i) => axis !== i) + 1;
    const split = start < 0 ? 0 : perm[start]!;
    const turned = perm
      .slice(start, end)
      .every((axis, i) => axis === start + ((split - start + i) % (end - start)));
    if (!covers(x) || start < 0 || !turned) return stock(call);
    const out = output(
      perm.map((axis) => x.shape[axis]!),
      x.dtype,
    );
    const [outer, rows, columns, inner] = [
      size(x.shape.slice(0, start)),
      size(x.shape.slice(start, split)),
      size(x.shape.slice(split, end)),
      size(x.shape.slice(end)),
    ];
    if (outer * rows * columns * inner > 0)
      launch('swapAxes', address(x), address(out), outer, rows, columns, 4 * inner);
    return out;
  };
}

/** Writes tensors side by side along an axis of a shape. @param lengths of each along it */
function join(
  inputs: readonly TensorInfo[],
  lengths: readonly number[],
  shape: number[],
  axis: number,
): TensorInfo {
  const out = output(shape, inputs[0]!.dtype);
  const outer = size(shape.slice(0, axis));
  const inner = 4 * size(shape.slice(axis + 1));
  let to = address(out);
  inputs.forEach((input, i) => {
    const bytes = lengths[i]! * inner;
    if (outer * bytes > 0)
      launch('copyBlocks', address(input), to, outer, bytes, bytes, shape[axis]! * inner);
    to += bytes;
  });
  return out;
}

const alike = (inputs: readonly TensorInfo[]) =>
  inputs.every((input) => covers(input) && input.dtype === inputs[0]!.dtype);

export function concatKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const inputs = Object.values(call.inputs) as TensorInfo[];
    const [first] = inputs;
    if (inputs.length < 2 || !alike(inputs) || first!.shape.length === 0) return stock(call);
    const [axis = 0] = util.parseAxisParam((call.attrs as unknown as ConcatAttrs).axis, first!.shape);
    const rest = first!.shape.toSpliced(axis, 1).join();
    if (inputs.some(({ shape }) => shape.toSpliced(axis, 1).join() !== rest)) return stock(call);
    const lengths = inputs.map(({ shape }) => shape[axis]!);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    return join(inputs, lengths, first!.shape.with(axis, total), axis);
  };
}

export function packKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const inputs = Object.values(call.inputs) as TensorInfo[];
    const { axis } = call.attrs as unknown as PackAttrs;
    const [first] = inputs;
    if (inputs.length === 0 || !alike(inputs) || axis < 0) return stock(call);
    if (inputs.some(({ shape }) => shape.join() !== first!.shape.join())) return stock(call);
    const shape = first!.shape.toSpliced(axis, 0, inputs.length);
    return join(
      inputs,
      inputs.map(() => 1),
      shape,
      axis,
    );
  };
}
