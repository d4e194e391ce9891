/** What the QAT network takes over from PTQ's result. */
import * as tf from '@tensorflow/tfjs-core';
import { activationPlaces, type NetworkPlan, type Sites } from '@/model/sites';
import { copied, type NetworkVariables } from '@/model/variables';
import type { PostTraining } from './ptq/postTraining';

/** Gives variables the values of others of the same network. */
export function takeVariables(variables: NetworkVariables, from: NetworkVariables): void {
  for (const [key, variable] of variables) tf.tidy(() => variable.assign(copied(from.get(key)!)));
}

/** Activation quantizers whose state is a range that was observed. */
const observedRules: ReadonlySet<string> = new Set(['ema', 'percentile', 'mse']);

/** Gives sites the ranges that PTQ found where both observe them in the same way; what is learned starts from the weights and outputs. */
export function takeRanges(plan: NetworkPlan, sites: Sites, ptq: PostTraining): void {
  const found = new Map(activationPlaces(ptq.plan).map(({ key, site }) => [key, site.quantizer]));
  for (const { key, site } of activationPlaces(plan))
    if (observedRules.has(site.quantizer) && observedRules.has(found.get(key) ?? ''))
      tf.tidy(() => sites.activations.get(key)!.observer.assign(copied(ptq.observer(key)!)));
}
