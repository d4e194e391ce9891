/** Max pooling: only selects values, so that scale and zero point stay those of its input. */
import * as tf from '@tensorflow/tfjs-core';
import type { MaxPool2d } from '@/catalog/layers';
import type { LayerImplementation } from './layer';

export const maxPool2d: LayerImplementation<MaxPool2d> = (input, { spec }) => ({
  ...input,
  values: tf.maxPool(input.values as tf.Tensor4D, spec.size, spec.size, 'valid'),
});
