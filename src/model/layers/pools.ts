/** Average pooling: means fall between the levels of the input, so they are rounded anew. */
import * as tf from '@tensorflow/tfjs-core';
import type { AveragePool2d, GlobalAveragePool } from '@/catalog/layers';
import * as kernels from '@/kernels/averagePool2d';
import { largestExact } from '../integers';
import { requantized } from './deployed';
import type { Layer, LayerImplementation, Signal } from './layer';

export const averagePool2d: LayerImplementation<AveragePool2d> = (input, layer) => {
  const { size } = layer.spec;
  return rounded(input, layer, kernels.averagePool2d(input.values as tf.Tensor4D, size), size * size);
};

export const globalAveragePool: LayerImplementation<GlobalAveragePool> = (input, layer) => {
  const pixels = input.values.shape.slice(1, -1).reduce((product, length) => product * length, 1);
  return rounded(input, layer, kernels.globalAveragePool(input.values as tf.Tensor4D), pixels);
};

/** @param pixels that each mean is taken over */
function rounded<S>({ params, limit }: Signal, layer: Layer<S>, means: tf.Tensor, pixels: number): Signal {
  const latent = () => layer.numbers({ values: means, params });
  // A mean of integers is a float32; times the pixels it is near their sum, as long as that is far from 2^24.
  const integers = limit !== undefined && limit * pixels < largestExact / 4;
  const share = Math.fround(1 / pixels);
  const found =
    integers &&
    requantized(layer, {
      sums: tf.round(tf.mul(means, pixels)),
      inputParams: params,
      weightParams: tf.tensor2d([share, 1, 0, 1], [4, 1]),
      bias: tf.zeros([1]),
      activation: 'linear',
      latent,
    });
  return found || layer.round(latent());
}
