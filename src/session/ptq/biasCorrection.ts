/** Bias correction (Nagel et al. 2019): rounding the weights must not move the means of a layer's sums. */
import * as tf from '@tensorflow/tfjs-core';
import { siteAt } from '@/catalog/layers';
import type { WeightSite } from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import { meanPatch } from '@/model/inputs';
import { plainPass } from '@/model/pass';
import { placeKey } from '@/model/sites';
import { latentAt } from '@/model/variables';
import { roundedNumbers } from '@/quant/weights';
import { meanOverInputs, type Prepared } from './layerInputs';

/**
 * Takes from each bias the mean that rounding the weights adds to the layer's sums.
 * @param layers with one linear product each
 * @param originals by layer, what was rounded where the weights are rounded already
 */
export function correctBiases(
  prepared: Prepared,
  layers: readonly ResolvedLayer[],
  originals: ReadonlyMap<string, tf.Tensor>,
): void {
  const { variables, sites } = prepared;
  for (const [name, mean] of meanOverInputs(prepared, layers, plainPass, meanPatch)) {
    const key = placeKey(name, 'weights');
    const { spec } = layers.find((layer) => layer.name === name)!;
    tf.tidy(() => {
      const latent = latentAt(variables, key);
      const numbers = roundedNumbers(latent, siteAt(spec, 'weights') as WeightSite, sites.weights.get(key)!);
      const change = tf.sub(numbers, originals.get(name) ?? latent);
      // Of a depthwise layer [K, C] times the mean patch [K, C], of others [K]' [K, C].
      const flat = tf.reshape(change, [mean.shape[0]!, -1]);
      const shift =
        mean.rank === 2
          ? tf.sum(tf.mul(mean, flat), 0)
          : tf.reshape(tf.matMul(tf.reshape(mean, [1, -1]), flat as tf.Tensor2D), [-1]);
      const biases = variables.get(`${name}/biases`)!;
      biases.assign(tf.sub(biases, shift));
    });
    mean.dispose();
  }
}
