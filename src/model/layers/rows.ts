/** Rows as a sequence: [B, H, W, C] to [B, H, W x C]; no number changes. */
import * as tf from '@tensorflow/tfjs-core';
import type { Rows } from '@/catalog/layers';
import type { LayerImplementation } from './layer';

export const rows: LayerImplementation<Rows> = ({ values, params }) => ({
  values: tf.reshape(values, [...values.shape.slice(0, 2), -1]),
  params,
});
