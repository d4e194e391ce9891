/** Residual sums: both sides as numbers, added, through the activation function, rounded. */
import * as tf from '@tensorflow/tfjs-core';
import { type Add, type AddProjected, projectionStride } from '@/catalog/layers';
import type { Layer, LayerImplementation, Signal } from './layer';
import { activate, product, scaled } from './linear';

const sum = <S extends Add | AddProjected>(input: Signal, layer: Layer<S>, skipped: tf.Tensor): Signal =>
  layer.round(activate(layer, tf.add(layer.numbers(input), skipped), layer.spec.activation));

export const add: LayerImplementation<Add> = (input, layer) =>
  sum(input, layer, layer.numbers(layer.skipped!));

export const addProjected: LayerImplementation<AddProjected> = (input, layer) => {
  const skipped = layer.skipped!;
  const weights = layer.weights();
  const sums = projected(skipped.values, weights.values, input.values.shape.slice(1));
  return sum(input, layer, scaled(sums, skipped, weights, layer.variable('biases'), 'linear'));
};

/** A 1x1 convolution of an image that skips pixels evenly; a product at each position of a sequence. */
function projected(values: tf.Tensor, weights: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (values.rank !== 4) return product(values, weights);
  const filter = tf.reshape(weights, [1, 1, ...(weights.shape as [number, number])]) as tf.Tensor4D;
  return tf.conv2d(values as tf.Tensor4D, filter, projectionStride(shape, values.shape.slice(1)), 'same');
}
