/** AdaRound (src/quant/adaround.ts) for one layer of a network that is being prepared. */
import * as tf from '@tensorflow/tfjs-core';
import { siteAt } from '@/catalog/layers';
import { type WeightSite, weightBits, weightGranularity, weightQuantizerOf } from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import { gramMatrix, grouped, isLinear, ungrouped } from '@/model/inputs';
import type { Pass } from '@/model/pass';
import { placeKey } from '@/model/sites';
import { latentAt } from '@/model/variables';
import { adaround } from '@/quant/adaround';
import { roundWeights } from '@/quant/weights';
import { hasPlainGrid } from './calibrationPlan';
import { meanOverInputs, type Prepared } from './layerInputs';

/** Whether a layer has one linear product, whose weights are rounded to a grid of integers with a scale apart. */
export function hasLearnableRounding(layer: ResolvedLayer): boolean {
  const site = siteAt(layer.spec, 'weights') as WeightSite | undefined;
  if (!site || !isLinear(layer)) return false;
  const bits = weightBits(site);
  const channels = weightGranularity(site);
  return (
    bits !== 32 &&
    bits !== 1 &&
    hasPlainGrid(site) &&
    (channels === 'channel' || channels === 'tensor') &&
    !weightQuantizerOf(site.quantizer).blocks
  );
}

/**
 * Learns for each weight of a layer whether it is rounded up or down.
 * @param pass by which what comes into the layer is computed
 * @returns the steps of its grid, [1, C] or [1, 1], and the numbers that its weights become, of their shape; the caller
 *   disposes both
 */
export async function learnRounding(
  prepared: Prepared,
  layer: ResolvedLayer,
  pass: Pass,
): Promise<{ steps: tf.Tensor; latent: tf.Tensor }> {
  const gram = meanOverInputs(prepared, [layer], pass, gramMatrix).get(layer.name)! as tf.Tensor3D;
  const key = placeKey(layer.name, 'weights');
  const state = prepared.sites.weights.get(key)!;
  const { shape } = prepared.variables.get(key)!;
  const [qmin = 0, qmax = 0] = await state.settings.data();
  const [weights, scale] = tf.tidy(() => {
    const latent = latentAt(prepared.variables, key);
    const site = siteAt(layer.spec, 'weights') as WeightSite;
    const { params } = roundWeights(latent, site, state, tf.tensor1d([-1]));
    const channels = latent.shape.at(-1)!;
    const row = tf.mul(
      tf.reshape(tf.slice(params, [0, 0], [1, params.shape[1]]), [1, 1, -1]),
      tf.ones([1, 1, channels]),
    );
    const inGroups = grouped(layer, latent);
    const byGroup = inGroups.shape[0] === 1 ? row : tf.reshape(row, [channels, 1, 1]);
    return [tf.keep(inGroups), tf.keep(byGroup as tf.Tensor3D)] as const;
  });
  const integers = await adaround({ weights, gram, scale, qmin, qmax });
  const [steps, latent] = tf.tidy(() => [
    tf.keep(tf.reshape(scale, [1, -1])),
    tf.keep(ungrouped(layer, tf.mul(integers, scale) as tf.Tensor3D, shape)),
  ]) as [tf.Tensor, tf.Tensor];
  tf.dispose([gram, weights, scale, integers]);
  return { steps, latent };
}
