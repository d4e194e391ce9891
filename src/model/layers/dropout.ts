/** Dropout: only while parameters are trained. */
import * as tf from '@tensorflow/tfjs-core';
import type { Dropout } from '@/catalog/layers';
import * as kernels from '@/kernels/dropout';
import type { LayerImplementation } from './layer';

export const dropout: LayerImplementation<Dropout> = (input, { spec, training, seed, clock }) => {
  if (!training || spec.rate === 0) return input;
  return { ...input, values: kernels.dropout(input.values, tf.tensor1d([spec.rate]), seed, clock) };
};
