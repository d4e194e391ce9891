/** Peak activation memory of inference, one sample: the largest sum of a layer's input and output, packed at their bits. */
import { isWeighted, volume } from '@/catalog/layers';
import { activationBits } from '@/catalog/quantizers';
import { resolveNetwork } from './network';
import type { Experiment } from './schema';

/** @returns bytes; each buffer is padded to a byte, and a layer's input lives until its output is complete */
export function peakActivationBytes(experiment: Pick<Experiment, 'dataset' | 'layers' | 'input'>): number {
  const bytes = (shape: readonly number[], bits: number) => Math.ceil((volume(shape) * bits) / 8);
  let bits: number = activationBits(experiment.input);
  let peak = 0;
  for (const { spec, inputShape, outputShape } of resolveNetwork(experiment)) {
    const outputBits: number = isWeighted(spec) ? activationBits(spec.activations) : bits;
    peak = Math.max(peak, bytes(inputShape, bits) + bytes(outputShape, outputBits));
    bits = outputBits;
  }
  return peak;
}
