/**
 * A network's variables by name, and what is rounded of them: weights, with batch norm folded into those of a layer that has
 * it (src/quant/fold.ts).
 */
import * as tf from '@tensorflow/tfjs-core';
import { foldedWeights } from '@/quant/fold';
import type { NetworkPlan } from './sites';

/** Variables by "<layer>/<tensor>". */
export type NetworkVariables = Map<string, tf.Variable>;

/** @param initial float32 values by "<layer>/<tensor>" */
export function createVariables(
  { layers }: NetworkPlan,
  initial: Record<string, Float32Array>,
): NetworkVariables {
  return new Map(
    layers.flatMap((layer) =>
      layer.tensors.map(({ name, shape, trained }): [string, tf.Variable] => {
        const key = `${layer.name}/${name}`;
        const variable = tf.tidy(() =>
          tf.variable(tf.tensor(initial[key]!, [...shape], 'float32'), trained !== false),
        );
        return [key, variable];
      }),
    ),
  );
}

/** A copy with data of its own: kernels write some variables in place, and a clone shares its data. */
export const copied = (tensor: tf.Tensor): tf.Tensor => tf.mul(tensor, 1);

/** The same values in variables of their own. */
export const copiedVariables = (variables: NetworkVariables, trainable: boolean): NetworkVariables =>
  new Map(
    [...variables].map(([key, variable]) => [
      key,
      tf.tidy(() => tf.variable(copied(variable as tf.Tensor), trainable)),
    ]),
  );

export function disposeVariables(variables: NetworkVariables): void {
  tf.dispose([...variables.values()]);
}

/** Batch norm's parameters of the layer that a place "<layer>/<tensor>" is in, if it has any that are folded into it. */
export function normAt(
  variables: NetworkVariables,
  key: string,
): { gamma: tf.Tensor1D; running: tf.Tensor2D } | undefined {
  const [layer, tensor] = key.split('/');
  const gamma = variables.get(`${layer}/gamma`);
  const running = variables.get(`${layer}/running`);
  if (tensor !== 'weights' || !gamma || !running) return undefined;
  return { gamma: gamma as unknown as tf.Tensor1D, running: running as unknown as tf.Tensor2D };
}

/** What is rounded at a place of weights: the variable, or what batch norm is folded into. */
export function latentAt(variables: NetworkVariables, key: string): tf.Tensor {
  const weights = variables.get(key)! as tf.Tensor;
  const norm = normAt(variables, key);
  return norm ? foldedWeights(weights, norm.gamma, norm.running) : weights;
}

/** Values that the variable at a place would have, if `latent` were to be rounded there: the inverse of `latentAt`. */
export function unfoldedAt(variables: NetworkVariables, key: string, latent: tf.Tensor): tf.Tensor {
  const norm = normAt(variables, key);
  if (!norm) return latent;
  return tf.div(latent, foldedWeights(tf.ones([1, norm.gamma.size]), norm.gamma, norm.running));
}
