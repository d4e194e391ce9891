/** Depthwise convolution: weights [k, k, C] stand for HWIO [k, k, C, 1]. */
import * as tf from '@tensorflow/tfjs-core';
import type { DepthwiseConv2d } from '@/catalog/layers';
import type { LayerImplementation } from './layer';
import { weighted } from './linear';

export const depthwiseConv2d: LayerImplementation<DepthwiseConv2d> = (input, layer) => {
  const { stride, padding } = layer.spec;
  return weighted(input, layer, (values, weights) => {
    const filter = tf.reshape(weights, [...(weights.shape as [number, number, number]), 1]) as tf.Tensor4D;
    return tf.depthwiseConv2d(values as tf.Tensor4D, filter, stride, padding);
  });
};
