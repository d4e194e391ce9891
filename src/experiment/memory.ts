/**
 * Peak activation memory of inference, one sample: the largest sum of the values alive while one layer runs, packed at
 * their bits. Alive are a layer's input and output, and what a residual path that bridges it keeps for its end.
 */
import { rounds, siteAt, volume } from '@/catalog/layers';
import { activationBits } from '@/catalog/quantizers';
import { resolveNetwork, roundsInput } from './network';
import type { Experiment } from './schema';

/** @returns bytes; each buffer is padded to a byte, and a layer's input lives until its output is complete */
export function peakActivationBytes(experiment: Pick<Experiment, 'dataset' | 'layers' | 'input'>): number {
  const layers = resolveNetwork(experiment);
  // Symbols of a text are a byte each.
  let bits: number = roundsInput(experiment.dataset) ? activationBits(experiment.input) : 8;
  /** Bytes of the value before each layer, and of the result last. */
  const values = [Math.ceil((volume(layers[0]?.inputShape ?? []) * bits) / 8)];
  for (const { spec, outputShape } of layers) {
    if (rounds(spec)) bits = activationBits(siteAt(spec, 'activations')!);
    values.push(Math.ceil((volume(outputShape) * bits) / 8));
  }
  const alive = layers.map((_, index) => {
    const kept = new Set([index, index + 1]);
    layers.forEach(({ source }, end) => {
      if (source !== undefined && source <= index && index <= end) kept.add(source);
    });
    return [...kept].reduce((sum, value) => sum + values[value]!, 0);
  });
  return Math.max(0, ...alive);
}
