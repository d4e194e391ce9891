/** Layer normalization: trained in float, deployed in integers (kernels/integerLayerNorm); its output is rounded. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerNorm } from '@/catalog/layers';
import { integerLayerNorm, mostFeatures, normalBits } from '@/kernels/integerLayerNorm';
import * as kernels from '@/kernels/layerNorm';
import { gammaBits, gammaLimit } from '@/quant/fixedPoint';
import { paramsOf } from '../tables';
import { requantized } from './deployed';
import type { LayerImplementation } from './layer';

export const layerNorm: LayerImplementation<LayerNorm> = (input, layer) => {
  const [gamma, beta] = ['gamma', 'beta'].map((name) => layer.variable(name) as unknown as tf.Tensor1D);
  const latent = () => kernels.layerNorm(layer.numbers(input), gamma!, beta!);
  const channels = gamma!.size;
  if (input.limit === undefined || channels > mostFeatures || !layer.deployed('activations'))
    return layer.round(latent());
  const steps = integerLayerNorm(input.values, input.params);
  const factors = tf.clipByValue(tf.round(tf.mul(gamma!, 2 ** gammaBits)), -gammaLimit, gammaLimit);
  const rounded = requantized(layer, {
    sums: tf.mul(tf.cast(steps, 'int32'), tf.cast(factors, 'int32')),
    inputParams: paramsOf(2 ** -normalBits),
    weightParams: tf.fill([4, channels], 2 ** -gammaBits),
    bias: beta!,
    activation: 'linear',
    latent,
  });
  return rounded ?? layer.round(latent());
};
