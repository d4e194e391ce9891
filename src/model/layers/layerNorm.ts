/** Layer normalization: computed in float, its output rounded. */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayerNorm } from '@/catalog/layers';
import * as kernels from '@/kernels/layerNorm';
import type { LayerImplementation } from './layer';

export const layerNorm: LayerImplementation<LayerNorm> = (input, layer) => {
  const vector = (name: string) => layer.variable(name) as unknown as tf.Tensor1D;
  return layer.round(kernels.layerNorm(layer.numbers(input), vector('gamma'), vector('beta')));
};
