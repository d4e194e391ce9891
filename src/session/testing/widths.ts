/** Experiments at one width, for tests. */
import type { Bits } from '@/catalog/bits';
import type { Experiment } from '@/experiment/schema';

/** All weights and outputs at these widths; logits stay sums, and what has 32 bits inside a layer keeps them. */
export const atBits =
  (weights: Bits, activations: Bits, logits: Bits = 32) =>
  (experiment: Experiment): Experiment => ({
    ...experiment,
    input: { ...experiment.input, bits: 8 },
    layers: experiment.layers.map((spec, index) => {
      const last = index === experiment.layers.length - 1;
      const changed: Record<string, unknown> = { ...spec };
      for (const [key, site] of Object.entries(spec)) {
        if (typeof site !== 'object' || site === null || !('bits' in site)) continue;
        const own = last && key === 'activations' ? logits : site.bits === 32 ? 32 : activations;
        changed[key] = { ...site, bits: 'granularity' in site ? weights : own };
      }
      return changed as typeof spec;
    }),
  });
