/** A network that is being prepared for rounding, and what comes into its layers, over training examples. */
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '@/data/dataset';
import type { ResolvedLayer } from '@/experiment/network';
import type { Network } from '@/model/network';
import type { Pass } from '@/model/pass';
import type { Sites } from '@/model/sites';
import type { NetworkVariables } from '@/model/variables';
import { range, rowsOf } from '../batches';

export interface Prepared {
  network: Network;
  variables: NetworkVariables;
  sites: Sites;
  dataset: Dataset;
}

/** Examples that layers' inputs are taken from. */
const samples = 256;
/** Examples that go through a network at once. */
export const chunk = 64;

/** The mean over chunks of examples of what is made of each layer's inputs, by layer. The caller disposes them. */
export function meanOverInputs(
  { network, variables, dataset }: Prepared,
  layers: readonly ResolvedLayer[],
  pass: Pass,
  make: (layer: ResolvedLayer, x: tf.Tensor) => tf.Tensor,
): Map<string, tf.Tensor> {
  const sums = new Map<string, tf.Tensor>();
  const count = Math.min(samples, dataset.train.count);
  for (let from = 0; from < count; from += chunk) {
    const to = Math.min(from + chunk, count);
    const batch = rowsOf(dataset.train, dataset.inputShape, range(from, to));
    tf.tidy(() => {
      network.forward(variables, batch.x, {
        ...pass,
        enter: (name, numbers) => {
          const layer = layers.find((each) => each.name === name);
          if (!layer) return;
          const part = tf.mul(make(layer, numbers()), (to - from) / count);
          const before = sums.get(name);
          sums.set(name, tf.keep(before ? tf.add(before, part) : part));
          before?.dispose();
        },
      });
    });
    tf.dispose([batch.x, batch.y]);
  }
  return sums;
}
