/** The part that layers with weights share: product, scale, bias and activation function, rounding. */
import type * as tf from '@tensorflow/tfjs-core';
import * as core from '@tensorflow/tfjs-core';
import type { ActivationFunction } from '@/catalog/activations';
import type { ActivationSiteName, WeightSiteName } from '@/catalog/quantizers';
import { epilogue } from '@/kernels/epilogue';
import type { Layer, Signal } from './layer';

/** What follows a product of integer-valued operands: their scales, the bias and the activation function. */
export const scaled = (
  sums: tf.Tensor,
  input: Signal,
  weights: Signal,
  biases: tf.Tensor,
  activation: ActivationFunction,
): tf.Tensor => epilogue(sums, input.params, weights.params, biases as tf.Tensor1D, activation);

/** x [..., in] times weights [in, out], before any scale: [..., out]. */
export function product(values: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const [features = 1, out = 1] = weights.shape;
  const rows = values.size / features;
  const sums = core.matMul(core.reshape(values, [rows, features]), weights as tf.Tensor2D);
  return values.rank === 2 && values.shape[1] === features
    ? sums
    : core.reshape(sums, [...positions(values.shape, features), out]);
}

/** The axes that a product leaves as they are: the batch, and the positions of a sequence. */
const positions = (shape: readonly number[], features: number): number[] =>
  shape.at(-1) === features ? shape.slice(0, -1) : shape.slice(0, 1);

/** A projection inside a layer, rounded at a site of its own: [..., in] to [..., out]. */
export function projection<S>(
  layer: Layer<S>,
  input: Signal,
  names: { weights: WeightSiteName; biases: string; rounded: ActivationSiteName },
): Signal {
  const weights = layer.weights(names.weights);
  const sums = product(input.values, weights.values);
  return layer.round(scaled(sums, input, weights, layer.variable(names.biases), 'linear'), names.rounded);
}
