/**
 * Gradients of the tfjs ops around our kernels. tfjs-core registers none by itself: its own sit in deep files, which
 * Node cannot import, and would bring a hundred ops along.
 */
import type { GradConfig, NamedAttrMap, SumAttrs, Tensor, TransposeAttrs } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** `gradient` summed over the axes along which a tensor of this shape was broadcast. */
export function reduceTo(gradient: Tensor, shape: number[]): Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  const summed = axes.length > 0 ? tf.sum(gradient, axes) : gradient;
  return tf.reshape(summed, shape);
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
      x: () => {
        const { axis } = attrs as unknown as SumAttrs;
        const summed = tf.util.parseAxisParam(axis, x!.shape);
        const kept = x!.shape.map((length, i) => (summed.includes(i) ? 1 : length));
        return tf.tile(
          tf.reshape(dy as Tensor, kept),
          x!.shape.map((length, i) => length / Math.max(kept[i]!, 1)),
        );
      },
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

/** Registers the gradients of add, sub, mul, sum, reshape, transpose, clone and cast. */
export function registerGradients(): void {
  for (const gradient of gradients) tf.registerGradient(gradient);
}
