/** Convolution, NHWC with HWIO filters. */
import * as tf from '@tensorflow/tfjs-core';
import type { Conv2d } from '@/catalog/layers';
import type { LayerImplementation } from './layer';
import { weighted } from './linear';

export const conv2d: LayerImplementation<Conv2d> = (input, layer) => {
  const { stride, padding } = layer.spec;
  return weighted(input, layer, (values, weights) =>
    tf.conv2d(values as tf.Tensor4D, weights as tf.Tensor4D, stride, padding),
  );
};
