/** Convolution. */
import * as tf from '@tensorflow/tfjs-core';
import type { Conv2d } from '@/catalog/layers';
import type { LayerImplementation } from './layer';
import { scaled } from './linear';

export const conv2d: LayerImplementation<Conv2d> = (input, layer) => {
  const { stride, padding, activation } = layer.spec;
  const weights = layer.weights();
  const sums = tf.conv2d(input.values as tf.Tensor4D, weights.values as tf.Tensor4D, stride, padding);
  return layer.round(scaled(sums, input, weights, layer.variable('biases'), activation));
};
