/** Equalises the connections of a network (src/quant/equalise.ts), batch norm as part of the layer that it follows. */
import * as tf from '@tensorflow/tfjs-core';
import type { ResolvedLayer } from '@/experiment/network';
import { isLinear } from '@/model/inputs';
import type { NetworkVariables } from '@/model/variables';
import { equalise, equalisingScales, type Side } from '@/quant/equalise';

/** What a factor of a channel passes through unchanged. */
const passing: ReadonlySet<string> = new Set(['maxPool2d', 'averagePool2d', 'globalAveragePool', 'dropout']);
const epsilon = 1e-5;
const sweeps = 10;

interface Connection {
  before: ResolvedLayer;
  after: ResolvedLayer;
}

/** Layers with one weight tensor, whose output goes to one other such layer through nothing but ReLU and pooling. */
export function connectionsOf(layers: readonly ResolvedLayer[]): Connection[] {
  return layers.flatMap((before, index): Connection[] => {
    const activation = 'activation' in before.spec ? before.spec.activation : 'linear';
    if (!isLinear(before) || (activation !== 'relu' && activation !== 'linear')) return [];
    let next = index + 1;
    while (layers[next] && passing.has(layers[next]!.spec.kind)) next++;
    const after = layers[next];
    if (!after || !isLinear(after)) return [];
    // A residual path that starts here takes the value as it is.
    if (layers.some(({ source }) => source !== undefined && source > index && source <= next)) return [];
    return [{ before, after }];
  });
}

const channelsOf = ({ tensors }: ResolvedLayer) =>
  tensors.find(({ site }) => site === 'weights')!.shape.at(-1)!;

/** Where the channels that come out of a layer are among its weights. */
const outgoing = (layer: ResolvedLayer, weights: Float32Array): Side => {
  const channels = channelsOf(layer);
  return { weights, channelOf: (index) => index % channels };
};
/** Where so many channels that come in are; a dense layer may see each of them at many places. */
function incoming(layer: ResolvedLayer, weights: Float32Array, channels: number): Side {
  if (layer.spec.kind === 'depthwiseConv2d') return outgoing(layer, weights);
  const sums = channelsOf(layer);
  return { weights, channelOf: (index) => Math.floor(index / sums) % channels };
}

/** The variables with every connection equalised, in place; the function of the float network stays the same. */
export async function equaliseNetwork(
  layers: readonly ResolvedLayer[],
  variables: NetworkVariables,
): Promise<void> {
  const values = new Map<string, Float32Array>();
  for (const [key, variable] of variables) values.set(key, Float32Array.from(await variable.data()));
  const at = (layer: ResolvedLayer, tensor: string) => values.get(`${layer.name}/${tensor}`);
  // Batch norm's factor goes into the weights; what is left of it divides by the spread that it multiplies by.
  for (const layer of layers) {
    const [gamma, running, weights] = [at(layer, 'gamma'), at(layer, 'running'), at(layer, 'weights')];
    if (!gamma || !running || !weights) continue;
    const channels = gamma.length;
    const factors = gamma.map((g, c) => g / Math.sqrt(running[channels + c]! + epsilon));
    weights.forEach((w, i) => {
      weights[i] = w * factors[i % channels]!;
    });
    scaleNorm(gamma, running, factors);
  }
  const connections = connectionsOf(layers);
  for (let sweep = 0; sweep < sweeps; sweep++)
    for (const { before, after } of connections) {
      const channels = channelsOf(before);
      const from = outgoing(before, at(before, 'weights')!);
      const to = incoming(after, at(after, 'weights')!, channels);
      const scales = equalisingScales(from, to, channels);
      equalise({ ...from, biases: at(before, 'biases')! }, to, scales);
      const inverse = scales.map((s) => 1 / s);
      const [gamma, running] = [at(before, 'gamma'), at(before, 'running')];
      if (gamma && running) scaleNorm(gamma, running, inverse);
    }
  for (const [key, variable] of variables)
    tf.tidy(() => variable.assign(tf.tensor(values.get(key)!, variable.shape)));
}

/** Statistics of sums that were multiplied by factors, and a gamma that multiplies by the new spread. */
function scaleNorm(gamma: Float32Array, running: Float32Array, factors: Float32Array): void {
  const channels = gamma.length;
  for (let c = 0; c < channels; c++) {
    running[c]! *= factors[c]!;
    running[channels + c]! *= factors[c]! ** 2;
    gamma[c] = Math.sqrt(running[channels + c]! + epsilon);
  }
}
