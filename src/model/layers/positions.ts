/** Position embedding: a rounded vector added to each position. */
import * as tf from '@tensorflow/tfjs-core';
import type { Positions } from '@/catalog/layers';
import { requantized } from './deployed';
import type { LayerImplementation } from './layer';

export const positions: LayerImplementation<Positions> = (input, layer) => {
  const own = layer.weights('positions');
  const latent = () => tf.add(layer.numbers(input), layer.numbers(own));
  const channels = own.values.shape.at(-1)!;
  const rounded =
    input.limit !== undefined &&
    own.limit !== undefined &&
    requantized(layer, {
      sums: input.values,
      inputParams: input.params,
      weightParams: layer.through(channels),
      bias: tf.zeros([channels]),
      more: { values: tf.add(tf.zerosLike(input.values), own.values), params: own.params },
      activation: 'linear',
      latent,
    });
  return rounded || layer.round(latent());
};
