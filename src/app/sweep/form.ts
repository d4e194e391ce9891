/** What the form of a sweep holds, and the sweep that it makes. */
import type { Bits } from '@/catalog/bits';
import type { WeightQuantizerKind } from '@/catalog/quantizers';
import type { Experiment } from '@/experiment/schema';
import { type Sweep, sweepFormat } from '@/experiment/sweep/definition';

export interface SweepForm {
  bits: readonly Bits[];
  /** Whether outputs have the widths of the weights, or stay as they are. */
  activations: boolean;
  /** Whether the weights of the first and last layer stay at 8 bits. */
  ends: boolean;
  /** None: those that the layers have. */
  quantizers: readonly WeightQuantizerKind[];
  seeds: number;
  steps: number;
}

const endBits: Bits = 8;
const largestSeed = 2 ** 32 - 1;

/** @param base the settings in force, without recorded changes */
export function sweepOf(form: SweepForm, base: Experiment): Sweep {
  const { bits, activations, ends, quantizers, seeds, steps } = form;
  const first = Math.min(base.seed, largestSeed - seeds + 1);
  return {
    format: sweepFormat,
    version: 1,
    experiments: [base],
    steps,
    ...(bits.length > 0 ? { bits: activations ? [...bits] : bits.map((weights) => ({ weights })) } : {}),
    ...(ends && bits.length > 0 ? { ends: endBits } : {}),
    ...(quantizers.length > 0 ? { weightQuantizers: [...quantizers] } : {}),
    seeds: Array.from({ length: seeds }, (_, i) => first + i),
  };
}

/** The values with one more or less, in the order of all. */
export const toggled = <T>(values: readonly T[], one: T, all: readonly T[]): T[] =>
  all.filter((each) => (each === one ? !values.includes(one) : values.includes(each)));
