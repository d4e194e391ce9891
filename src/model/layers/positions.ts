/** Position embedding: a rounded vector added to each position. */
import * as tf from '@tensorflow/tfjs-core';
import type { Positions } from '@/catalog/layers';
import type { LayerImplementation } from './layer';

export const positions: LayerImplementation<Positions> = (input, layer) =>
  layer.round(tf.add(layer.numbers(input), layer.numbers(layer.weights('positions'))));
