/** Embedding: rows of a rounded table, and a rounded vector for each position. */
import * as tf from '@tensorflow/tfjs-core';
import type { Embedding } from '@/catalog/layers';
import * as kernels from '@/kernels/embedding';
import type { LayerImplementation } from './layer';

export const embedding: LayerImplementation<Embedding> = (ids, layer) => {
  const { values: table, params } = layer.weights('weights');
  const symbols = layer.numbers({ values: kernels.embedding(ids.values, table as tf.Tensor2D), params });
  return layer.round(tf.add(symbols, layer.numbers(layer.weights('positions'))));
};
