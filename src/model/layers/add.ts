/** Residual sums: both sides as numbers, added, through the activation function, rounded. */
import * as tf from '@tensorflow/tfjs-core';
import { type Add, type AddProjected, projectionStride } from '@/catalog/layers';
import { exactSums } from '../integers';
import { activate } from './activate';
import { requantized } from './deployed';
import type { Layer, LayerImplementation, Signal } from './layer';
import { product, scaled } from './linear';

/** The numbers added, and the activation function. */
const sum = <S extends Add | AddProjected>(input: Signal, layer: Layer<S>, skipped: tf.Tensor): tf.Tensor =>
  activate(layer, tf.add(layer.numbers(input), skipped), layer.spec.activation);

/** Whether the sum has an integer form: both sides are integers. */
const hasIntegers = ({ limit }: Signal, more: Signal): boolean =>
  limit !== undefined && more.limit !== undefined;

export const add: LayerImplementation<Add> = (input, layer) => {
  const skipped = layer.skipped!;
  const latent = () => sum(input, layer, layer.numbers(skipped));
  const rounded =
    hasIntegers(input, skipped) &&
    requantized(layer, {
      sums: input.values,
      inputParams: input.params,
      weightParams: layer.through(1),
      bias: tf.zeros([1]),
      more: skipped,
      activation: layer.spec.activation,
      latent,
    });
  return rounded || layer.round(latent());
};

export const addProjected: LayerImplementation<AddProjected> = (input, layer) => {
  const skipped = layer.skipped!;
  const weights = layer.weights();
  const biases = layer.variable('biases');
  const project = (values: tf.Tensor, w: tf.Tensor) => projected(values, w, input.values.shape.slice(1));
  const latent = () =>
    sum(input, layer, scaled(project(skipped.values, weights.values), skipped, weights, biases, 'linear'));
  const sums = hasIntegers(input, skipped) ? exactSums(skipped, weights, project) : undefined;
  const rounded =
    sums &&
    requantized(layer, {
      sums,
      inputParams: skipped.params,
      weightParams: weights.params,
      bias: biases,
      more: input,
      activation: layer.spec.activation,
      latent,
    });
  return rounded || layer.round(latent());
};

/** A 1x1 convolution of an image that skips pixels evenly; a product at each position of a sequence. */
function projected(values: tf.Tensor, weights: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (values.rank !== 4) return product(values, weights);
  const filter = tf.reshape(weights, [1, 1, ...(weights.shape as [number, number])]) as tf.Tensor4D;
  return tf.conv2d(values as tf.Tensor4D, filter, projectionStride(shape, values.shape.slice(1)), 'same');
}
