/**
 * Gradients of the tfjs ops around our kernels. tfjs-core registers none by itself: its own sit in deep files, which
 * Node cannot import, and would bring a hundred ops along.
 */
import type {
  ConcatAttrs,
  GatherV2Attrs,
  GradConfig,
  NamedAttrMap,
  PackAttrs,
  SliceAttrs,
  SplitVAttrs,
  SumAttrs,
  Tensor,
  Tensor1D,
  TileAttrs,
  TransposeAttrs,
  UnpackAttrs,
} from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { scatterRows } from './embedding';

/** `gradient` summed over the axes along which a tensor of this shape was broadcast. */
export function reduceTo(gradient: Tensor, shape: number[]): Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  const summed = axes.length > 0 ? tf.sum(gradient, axes) : gradient;
  return tf.reshape(summed, shape);
}

/** `gradient` of a sum over these axes, repeated along them up to `shape`. */
function repeatTo(gradient: Tensor, shape: number[], axis: number | number[]): Tensor {
  const summed = tf.util.parseAxisParam(axis, shape);
  const kept = shape.map((length, i) => (summed.includes(i) ? 1 : length));
  return tf.tile(
    tf.reshape(gradient, kept),
    shape.map((length, i) => length / Math.max(kept[i]!, 1)),
  );
}

/** The gradients to the tensors of an op that takes a list, each of which tfjs asks for by its place. */
function byPlace(gradients: Tensor[]): Record<number, () => Tensor> {
  return Object.fromEntries(gradients.map((gradient, i) => [i, () => tf.clone(gradient)]));
}

/** The sum of the copies that tf.tile laid side by side. One axis at a time, as three axes: some backends allow few. */
function untile(gradient: Tensor, shape: number[], reps: number[]): Tensor {
  return reps.reduce((sum, count, axis) => {
    if (count === 1) return sum;
    const copies = tf.util.sizeFromShape(sum.shape.slice(0, axis));
    const summed = tf.sum(tf.reshape(sum, [copies, count, -1]), 1);
    return tf.reshape(summed, [...sum.shape.slice(0, axis), shape[axis]!, ...sum.shape.slice(axis + 1)]);
  }, gradient);
}

const gradients: GradConfig[] = [
  {
    kernelName: tf.Add,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () => reduceTo(dy as Tensor, a!.shape),
      b: () => reduceTo(dy as Tensor, b!.shape),
    }),
  },
  {
    kernelName: tf.Sub,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () => reduceTo(dy as Tensor, a!.shape),
      b: () => reduceTo(tf.neg(dy as Tensor), b!.shape),
    }),
  },
  {
    kernelName: tf.Multiply,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () => reduceTo(tf.mul(dy as Tensor, b!), a!.shape),
      b: () => reduceTo(tf.mul(dy as Tensor, a!), b!.shape),
    }),
  },
  {
    kernelName: tf.Sum,
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => ({
      x: () => repeatTo(dy as Tensor, x!.shape, (attrs as unknown as SumAttrs).axis),
    }),
  },
  {
    kernelName: tf.Mean,
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => ({
      x: () => {
        const share = tf.mul(dy as Tensor, (dy as Tensor).size / x!.size);
        return repeatTo(share, x!.shape, (attrs as unknown as SumAttrs).axis);
      },
    }),
  },
  { kernelName: tf.Neg, gradFunc: (dy) => ({ x: () => tf.neg(dy as Tensor) }) },
  {
    kernelName: tf.RealDiv,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, [a, b]) => ({
      a: () => reduceTo(tf.div(dy as Tensor, b!), a!.shape),
      b: () => reduceTo(tf.neg(tf.mul(dy as Tensor, tf.div(tf.div(a!, b!), b!))), b!.shape),
    }),
  },
  {
    kernelName: tf.ExpandDims,
    inputsToSave: ['input'],
    gradFunc: (dy, [input]) => ({ input: () => tf.reshape(dy as Tensor, input!.shape) }),
  },
  {
    kernelName: tf.Slice,
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => ({
      x: () => {
        const { begin, size } = attrs as unknown as SliceAttrs;
        const [first, lengths] = tf.slice_util.parseSliceParams(x!, begin, size) as [number[], number[]];
        return tf.pad(
          dy as Tensor,
          x!.shape.map((length, i) => [first[i]!, length - first[i]! - lengths[i]!]),
        );
      },
    }),
  },
  {
    kernelName: tf.Concat,
    saveAllInputs: true,
    gradFunc: (dy, inputs, attrs) => {
      const [axis] = tf.util.parseAxisParam((attrs as unknown as ConcatAttrs).axis, inputs[0]!.shape);
      const lengths = inputs.map(({ shape }) => shape[axis!]!);
      return byPlace(tf.split(dy as Tensor, lengths, axis));
    },
  },
  {
    kernelName: tf.SplitV,
    gradFunc: (dys, _, attrs) => ({
      x: () => tf.concat(dys as Tensor[], (attrs as unknown as SplitVAttrs).axis),
    }),
  },
  {
    kernelName: tf.Pack,
    saveAllInputs: true,
    gradFunc: (dy, _, attrs) => byPlace(tf.unstack(dy as Tensor, (attrs as unknown as PackAttrs).axis)),
  },
  {
    kernelName: tf.Unpack,
    gradFunc: (dys, _, attrs) => ({
      value: () => tf.stack(dys as Tensor[], (attrs as unknown as UnpackAttrs).axis),
    }),
  },
  {
    // Of one list of indices for the whole tensor. Indices outside it get nothing.
    kernelName: tf.GatherV2,
    inputsToSave: ['x', 'indices'],
    gradFunc: (dy, [x, indices], attrs) => {
      const { axis, batchDims } = attrs as unknown as GatherV2Attrs;
      if (batchDims !== 0) throw new Error('The gradient of gather with batch dimensions is not supported.');
      const [along] = tf.util.parseAxisParam(axis, x!.shape);
      const outer = tf.util.sizeFromShape(x!.shape.slice(0, along));
      const inner = tf.util.sizeFromShape(x!.shape.slice(along! + 1));
      return {
        x: () => {
          const rows = tf.reshape(dy as Tensor, [outer, indices!.size, inner]);
          const like = tf.reshape(x!, [outer, x!.shape[along!]!, inner]);
          const list = tf.reshape(indices!, [indices!.size]) as Tensor1D;
          return tf.reshape(scatterRows(rows, list, like), x!.shape);
        },
      };
    },
  },
  {
    kernelName: tf.Tile,
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => ({
      x: () => untile(dy as Tensor, x!.shape, (attrs as unknown as TileAttrs).reps),
    }),
  },
  {
    kernelName: tf.Reshape,
    inputsToSave: ['x'],
    gradFunc: (dy, [x]) => ({ x: () => tf.reshape(dy as Tensor, x!.shape) }),
  },
  {
    kernelName: tf.Transpose,
    gradFunc: (dy, _, attrs: NamedAttrMap) => ({
      x: () => {
        const { perm } = attrs as unknown as TransposeAttrs;
        return tf.transpose(dy as Tensor, tf.backend_util.getUndoAxesPermutation(perm));
      },
    }),
  },
  { kernelName: tf.Identity, gradFunc: (dy) => ({ x: () => tf.clone(dy as Tensor) }) },
  { kernelName: tf.Cast, gradFunc: (dy) => ({ x: () => tf.cast(dy as Tensor, 'float32') }) },
];

/**
 * Registers the gradients of add, sub, mul, div, neg, sum, mean, reshape, expandDims, squeeze, transpose, slice, concat,
 * split, stack, unstack, gather, tile, clone and cast. To take a sequence apart use unstack, whose gradient is one stack;
 * each slice's is a tensor of the whole size.
 */
export function registerGradients(): void {
  for (const gradient of gradients) tf.registerGradient(gradient);
}
