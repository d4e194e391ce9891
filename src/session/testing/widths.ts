/** Experiments at one width, for tests. */
import type { Bits } from '@/catalog/bits';
import type { Experiment } from '@/experiment/schema';

/** All weights and outputs at these widths; logits stay sums. */
export const atBits =
  (weights: Bits, activations: Bits, logits: Bits = 32) =>
  (experiment: Experiment): Experiment => ({
    ...experiment,
    input: { ...experiment.input, bits: 8 },
    layers: experiment.layers.map((spec, index) => {
      const last = index === experiment.layers.length - 1;
      const changed: Record<string, unknown> = { ...spec };
      if ('weights' in spec) changed.weights = { ...spec.weights, bits: weights };
      if ('activations' in spec)
        changed.activations = { ...spec.activations, bits: last ? logits : activations };
      return changed as typeof spec;
    }),
  });
