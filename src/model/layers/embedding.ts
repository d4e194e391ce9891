/** Embedding: rows of a rounded table, and a rounded vector for each position. */
import * as tf from '@tensorflow/tfjs-core';
import type { Embedding } from '@/catalog/layers';
import * as kernels from '@/kernels/embedding';
import { requantized } from './deployed';
import type { LayerImplementation } from './layer';

export const embedding: LayerImplementation<Embedding> = (ids, layer) => {
  const table = layer.weights('weights');
  const positions = layer.weights('positions');
  const symbols = kernels.embedding(ids.values, table.values as tf.Tensor2D);
  const latent = () =>
    tf.add(layer.numbers({ values: symbols, params: table.params }), layer.numbers(positions));
  const rounded =
    table.limit !== undefined &&
    positions.limit !== undefined &&
    requantized(layer, {
      sums: symbols,
      inputParams: layer.through(1),
      weightParams: table.params,
      bias: tf.zeros([table.values.shape.at(-1)!]),
      more: { values: tf.add(tf.zerosLike(symbols), positions.values), params: positions.params },
      activation: 'linear',
      latent,
    });
  return rounded || layer.round(latent());
};
