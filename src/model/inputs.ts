/** What the weights of a layer are multiplied with: its inputs as patches, their mean and their Gram matrix. */
import * as tf from '@tensorflow/tfjs-core';
import type { ResolvedLayer } from '@/experiment/network';

/** Layers whose sums are linear in one weight tensor. */
const kinds = { dense: true, conv2d: true, depthwiseConv2d: true } as const;
export const isLinear = ({ spec }: ResolvedLayer): boolean => Object.hasOwn(kinds, spec.kind);

/** [h, w, C, h w C]: a convolution with it lays each patch out along the channels, in the order of the kernel's weights. */
function patchFilter(height: number, width: number, channels: number): tf.Tensor4D {
  const size = height * width * channels;
  return tf.reshape(tf.eye(size), [height, width, channels, size]);
}

/** Patches [positions, K] of inputs [B, ...]; of a depthwise layer [positions, K, C]. Call within a tidy. */
export function patchesOf({ spec, tensors }: ResolvedLayer, x: tf.Tensor): tf.Tensor {
  const shape = tensors.find(({ site }) => site === 'weights')!.shape;
  if (spec.kind !== 'conv2d' && spec.kind !== 'depthwiseConv2d') {
    const features = shape[0]!;
    return tf.reshape(x, [x.size / features, features]);
  }
  const [height = 1, width = 1, channels = 1] = shape;
  const { stride, padding } = spec;
  const filter = patchFilter(height, width, channels);
  const laid = tf.conv2d(x as tf.Tensor4D, filter, stride, padding);
  const size = height * width * channels;
  const positions = laid.size / size;
  return spec.kind === 'conv2d'
    ? tf.reshape(laid, [positions, size])
    : tf.reshape(laid, [positions, height * width, channels]);
}

/** [K], or [K, C]: the mean patch. Linear, so that the mean input has the same. Call within a tidy. */
export const meanPatch = (layer: ResolvedLayer, x: tf.Tensor): tf.Tensor =>
  tf.mean(patchesOf(layer, x.rank === 4 ? tf.mean(x, 0, true) : x), 0);

/** [1, K, K], or of a depthwise layer [C, K, K]: the mean of x xᵀ over all patches. Call within a tidy. */
export function gramMatrix(layer: ResolvedLayer, x: tf.Tensor): tf.Tensor3D {
  const patches = patchesOf(layer, x);
  const positions = patches.shape[0]!;
  const grouped = (
    patches.rank === 3
      ? tf.transpose(patches, [2, 0, 1])
      : tf.reshape(patches, [1, positions, patches.size / positions])
  ) as tf.Tensor3D;
  return tf.div(tf.matMul(grouped, grouped, true, false), positions);
}

/** Weights as [G, K, N] beside such a Gram matrix. Call within a tidy. */
export function grouped({ spec }: ResolvedLayer, weights: tf.Tensor): tf.Tensor3D {
  if (spec.kind === 'depthwiseConv2d') {
    const [height = 1, width = 1, channels = 1] = weights.shape;
    return tf.transpose(tf.reshape(weights, [height * width, channels, 1]), [1, 0, 2]);
  }
  const sums = weights.shape.at(-1)!;
  return tf.reshape(weights, [1, weights.size / sums, sums]);
}

/** The way back. */
export function ungrouped({ spec }: ResolvedLayer, values: tf.Tensor3D, shape: readonly number[]): tf.Tensor {
  return spec.kind === 'depthwiseConv2d'
    ? tf.reshape(tf.transpose(values, [1, 0, 2]), [...shape])
    : tf.reshape(values, [...shape]);
}
