/** Rows as a sequence: [B, H, W, C] to [B, H, W x C]; no number changes. */
import * as tf from '@tensorflow/tfjs-core';
import type { Rows } from '@/catalog/layers';
import type { LayerImplementation } from './layer';

export const rows: LayerImplementation<Rows> = (input) => ({
  ...input,
  values: tf.reshape(input.values, [...input.values.shape.slice(0, 2), -1]),
});
