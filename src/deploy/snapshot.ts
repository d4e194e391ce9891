/**
 * Reads a trained network off the device: its variables, and what each site's quantizer makes of them. Plain arrays, from
 * which everything is exported; nothing after this needs tensors.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { SiteName } from '@/catalog/quantizers';
import type { Tap } from '@/model/pass';
import type { NetworkPlan } from '@/model/sites';
import type { NetworkVariables } from '@/model/variables';
import { foldedBias, foldedWeights } from '@/quant/fold';

/** What a site's quantizer works with, and for weights what it makes of them. */
export interface SeenSite {
  /** float32 [4, channels]: rows scale, inverse, zero point, quantized. */
  params: Float32Array;
  channels: number;
  /** See src/quant/settings.ts. */
  settings: Float32Array;
  /** Rounded values as they are multiplied: integers q - zeroPoint where the quantizer has them. Of weight sites only. */
  values?: Float32Array;
  /** Params of each value, where scales belong to groups: [4, count]. */
  own?: Float32Array;
  /** Width and log2 of the clip, where they are learned. */
  learned?: Float32Array;
}

export interface Snapshot {
  plan: NetworkPlan;
  /** By "<layer>/<tensor>", as trained. */
  variables: Record<string, Float32Array>;
  /** By "<layer>/<site>". */
  sites: Record<string, SeenSite>;
  /** By layer: weights and bias with batch norm folded in, where a layer has it. */
  folded: Record<string, { weights: Float32Array; bias: Float32Array }>;
}

export interface Readable {
  plan: NetworkPlan;
  variables: NetworkVariables;
  /** The evaluation forward pass with a tap. */
  forward(x: tf.Tensor, tap: Tap): tf.Tensor;
}

/** @param probe one example [1, ...inputShape]; which one does not matter */
export async function takeSnapshot(
  { plan, variables, forward }: Readable,
  probe: tf.Tensor,
): Promise<Snapshot> {
  const tensors = new Map<string, Record<string, tf.Tensor>>();
  tf.tidy(() => {
    forward(probe, (layer, site: SiteName, _latent, { values, params, own, learned }, settings) => {
      const weights = { values, ...(own ? { own } : {}), ...(learned ? { learned } : {}) };
      const isWeights = variables.has(`${layer}/${site}`);
      const kept = Object.entries({ params, settings, ...(isWeights ? weights : {}) });
      tensors.set(
        `${layer}/${site}`,
        Object.fromEntries(kept.map(([name, tensor]) => [name, tf.keep(tf.clone(tensor))])),
      );
    });
  });
  const sites: Snapshot['sites'] = {};
  for (const [key, found] of tensors) {
    const channels = found.params!.shape[1]!;
    sites[key] = { ...((await readAll(found)) as Omit<SeenSite, 'channels'>), channels };
    tf.dispose(found);
  }
  const folded: Snapshot['folded'] = {};
  for (const { name, spec } of plan.layers) {
    if (!('norm' in spec) || spec.norm !== 'batch') continue;
    const [gamma, beta, running] = ['gamma', 'biases', 'running'].map(
      (tensor) => variables.get(`${name}/${tensor}`)!,
    ) as unknown as [tf.Tensor1D, tf.Tensor1D, tf.Tensor2D];
    const made = tf.tidy(() => ({
      weights: foldedWeights(variables.get(`${name}/weights`)!, gamma, running) as tf.Tensor,
      bias: foldedBias(gamma, beta, running) as tf.Tensor,
    }));
    folded[name] = (await readAll(made)) as Snapshot['folded'][string];
    tf.dispose(made);
  }
  return { plan, variables: await readAll(Object.fromEntries(variables)), sites, folded };
}

async function readAll(tensors: Record<string, tf.Tensor>): Promise<Record<string, Float32Array>> {
  const read = await Promise.all(
    Object.entries(tensors).map(async ([name, tensor]) => [name, Float32Array.from(await tensor.data())]),
  );
  return Object.fromEntries(read);
}
