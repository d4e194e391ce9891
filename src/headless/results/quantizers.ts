/** Tables of the CNN preset on digits: learned steps, every weight quantizer, groups, every activation quantizer. */
import type { Bits } from '@/catalog/bits';
import {
  type ActivationQuantizerKind,
  activationQuantizerOf,
  activationQuantizers,
  granularities,
  type Penalty,
  penalties,
  type WeightQuantizerKind,
  type WeightSite,
  weightQuantizerOf,
  weightQuantizers,
} from '@/catalog/quantizers';
import type { Experiment } from '@/experiment/schema';
import { type SiteRule, withSites } from '../sums';
import { after, float, type Row, uniform } from './rows';

/** The widths at which a quantizer is shown: those of 8, 4 and 2 that it has. */
const shownBits = (own: readonly Bits[] | undefined): readonly Bits[] =>
  ([8, 4, 2] as const).filter((bits) => !own || own.includes(bits));

type Rows = (base: Experiment, stepsPerEpoch: number) => Row[];
const epochs = { learned: 10, groups: 10, kinds: 6 };

const lsq: Rows = (base, stepsPerEpoch) => {
  const steps = epochs.learned * stepsPerEpoch;
  const row = (name: string, rule: SiteRule): Row => ({
    name,
    experiment: after(steps / 2, withSites(base, rule)),
    steps,
  });
  return [
    row('LSQ W4A4', uniform(4, 'lsq', 'lsq')),
    row('LSQ W2A2, ends W8', uniform(2, 'lsq', 'lsq', 8)),
    row('1-bit weights, LSQ A2', ({ last }) => ({
      weights: { bits: 1, quantizer: 'absmax' },
      activations: { bits: last ? float : 2, quantizer: 'lsq' },
    })),
  ];
};

/** Weights of one kind, activations at 8 bits. */
const weightRow = (base: Experiment, steps: number, name: string, weights: Partial<WeightSite>): Row => ({
  name,
  experiment: withSites(base, ({ last }) => ({ weights, activations: { bits: last ? float : 8 } })),
  steps,
});

/** DoReFa has one maximum a layer in its paper; the page's default, one a channel, is the other row. */
const asInPaper: Partial<Record<WeightQuantizerKind, { words: string; weights: Partial<WeightSite> }>> = {
  dorefa: { words: ` ${granularities.tensor.label}`, weights: { granularity: 'tensor' } },
};

const weights: Rows = (base, stepsPerEpoch) =>
  (Object.keys(weightQuantizers) as WeightQuantizerKind[]).flatMap((quantizer) => {
    const steps = epochs.kinds * stepsPerEpoch;
    const { label, bits: own, learnsBits } = weightQuantizerOf(quantizer);
    if (learnsBits)
      return (Object.keys(penalties) as Penalty[]).map((penalty) =>
        weightRow(base, steps, `${label} from W8A8, ${penalties[penalty].label} penalty`, {
          bits: 8,
          quantizer,
          penalty,
        }),
      );
    const paper = asInPaper[quantizer];
    return [{ words: '', weights: {} }, ...(paper ? [paper] : [])].flatMap(({ words, weights: choice }) =>
      shownBits(own).map((bits) =>
        weightRow(base, steps, `${label}${words} W${bits}A8`, { bits, quantizer, ...choice }),
      ),
    );
  });

const groups: Rows = (base, stepsPerEpoch) =>
  (['group16', 'group32', 'group64', 'group128'] as const).flatMap((granularity) =>
    shownBits(undefined).map((bits) =>
      weightRow(
        base,
        epochs.groups * stepsPerEpoch,
        `Abs-max ${granularities[granularity].label} W${bits}A8`,
        {
          bits,
          granularity,
        },
      ),
    ),
  );

const activations: Rows = (base, stepsPerEpoch) =>
  (Object.keys(activationQuantizers) as ActivationQuantizerKind[]).flatMap((quantizer) => {
    const { label, bits: own } = activationQuantizerOf(quantizer);
    return shownBits(own).map((bits) => ({
      name: `${label} W8A${bits}`,
      experiment: withSites(base, ({ last }) => ({
        weights: { bits: 8 },
        activations: { bits: last ? float : bits, quantizer },
      })),
      steps: epochs.kinds * stepsPerEpoch,
    }));
  });

export const quantizerTables = { lsq, weights, groups, activations } satisfies Record<string, Rows>;
