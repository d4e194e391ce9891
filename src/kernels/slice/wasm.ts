/** Slices along one axis, and unstack, as copies of blocks (../assembly/slice.ts). */
import type { KernelFunc, SliceAttrs, TensorInfo, UnpackAttrs } from '@tensorflow/tfjs-core';
import { slice_util, util } from '@tensorflow/tfjs-core';
import { address, launch, output } from '../wasm';

/** Whether a value takes four bytes. */
const covers = ({ dtype }: TensorInfo) => dtype === 'float32' || dtype === 'int32';

/** A tensor of this shape with the values of x at `length` places from `begin` on along an axis. */
function cut(x: TensorInfo, axis: number, begin: number, length: number, shape: number[]): TensorInfo {
  const out = output(shape, x.dtype);
  const outer = util.sizeFromShape(x.shape.slice(0, axis));
  const inner = 4 * util.sizeFromShape(x.shape.slice(axis + 1));
  const bytes = length * inner;
  const step = (x.shape[axis] ?? 1) * inner;
  if (outer * bytes > 0)
    launch('copyBlocks', address(x) + begin * inner, address(out), outer, bytes, step, bytes);
  return out;
}

/** Slices that shorten at most one axis; the others go to the stock kernel. */
export function sliceKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { begin, size } = call.attrs as unknown as SliceAttrs;
    const [first, lengths] = slice_util.parseSliceParams(x as never, begin, size) as [number[], number[]];
    const shortened = lengths.flatMap((length, axis) => (length === x.shape[axis] ? [] : [axis]));
    if (!covers(x) || x.shape.length === 0 || shortened.length > 1) return stock(call);
    slice_util.assertParamsValid(x as never, first, lengths);
    const [axis = 0] = shortened;
    return cut(x, axis, first[axis]!, lengths[axis]!, lengths);
  };
}

/** tf.unstack: a slice of length 1 at every place of an axis, which is then dropped. */
export function unpackKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { value } = call.inputs as { value: TensorInfo };
    if (!covers(value)) return stock(call);
    const [axis] = util.parseAxisParam((call.attrs as unknown as UnpackAttrs).axis, value.shape) as [number];
    const shape = value.shape.toSpliced(axis, 1);
    return Array.from({ length: value.shape[axis]! }, (_, i) => cut(value, axis, i, 1, shape));
  };
}
