/** The kinds of plan entries as a form: what a new one begins with, and its numbers. */
import type { Bits } from '@/catalog/bits';
import { hasBatchNorm } from '@/catalog/layers';
import { maxSteps } from '@/catalog/stop';
import { common, widths } from '@/experiment/differences';
import { maxCycles, type Plan, type PlanEntry, type PlanKind } from '@/experiment/plan';
import type { Experiment } from '@/experiment/schema';
import { defaultSteps } from '@/experiment/steps';

type Of<K extends PlanKind> = Extract<PlanEntry, { kind: K }>;

/** A number of an entry. */
export interface EntryField<E> {
  label: string;
  help: string;
  value: number;
  min: number;
  max: number;
  put(value: number): E;
}

interface EntryForm<K extends PlanKind> {
  /** @param from step that the run has come to @param length steps that are planned for, from there */
  begin(experiment: Experiment, from: number, length: number): Of<K>;
  fields(entry: Of<K>): EntryField<Of<K>>[];
}

const step = (label: string, help: string, value: number, least = 0) => ({
  ...{ label, help, value, min: least, max: maxSteps },
});
const width = (label: string, help: string, value: number, max: number) => ({
  ...{ label, help, value, min: 1, max },
});
/** A share of the way, on a round step. */
const at = (from: number, length: number, share: number) => {
  const grain = length >= 400 ? 50 : length >= 80 ? 10 : 1;
  return from + grain * Math.round((length * share) / grain);
};

/** The fewest bits that a schedule goes down to: those that the weights have now. */
const target = (experiment: Experiment): Bits => {
  const all = widths(experiment, 'weights').filter((bits) => bits < 8);
  return (common(all) ?? (all.length > 0 ? Math.min(...all) : 2)) as Bits;
};

export const entryForms: { [K in PlanKind]: EntryForm<K> } = {
  steps: {
    begin(experiment, from, length) {
      const last = target(experiment);
      const down = ([8, 6, 4, 3, 2] as const).filter((bits) => bits > last);
      const bits = [...down, last];
      // Half of the time at the last width.
      return {
        ...{ kind: 'steps', of: 'weights' },
        points: bits.map((b, i) => ({ step: at(from, length, (0.5 * i) / (bits.length - 1 || 1)), bits: b })),
      };
    },
    fields: () => [],
  },
  linear: {
    begin: (experiment, from, length) => ({
      ...{ kind: 'linear', of: 'weights', start: 8, end: target(experiment) },
      ...{ from, to: at(from, length, 0.6) },
    }),
    fields: (entry) => [
      {
        ...step('from step', 'Until then the layers’ own bits hold.', entry.from),
        put: (from) => ({ ...entry, from }),
      },
      {
        ...step('to step', 'From then on the last width stays.', entry.to, 1),
        put: (to) => ({ ...entry, to }),
      },
      {
        ...width('bits', 'The first width.', entry.start, 8),
        put: (start) => ({ ...entry, start: start as Bits }),
      },
      { ...width('to', 'The last width.', entry.end, 8), put: (end) => ({ ...entry, end: end as Bits }) },
    ],
  },
  cyclic: {
    begin: (experiment, from, length) => ({
      ...{ kind: 'cyclic', of: 'weights', high: 8, cycles: 8, low: Math.min(7, target(experiment)) as Bits },
      ...{ from, to: at(from, length, 0.7) },
    }),
    fields: (entry) => [
      {
        ...step('from step', 'Where the first cycle begins.', entry.from),
        put: (from) => ({ ...entry, from }),
      },
      {
        ...step('to step', 'From then on the layers’ own bits hold.', entry.to, 1),
        put: (to) => ({ ...entry, to }),
      },
      {
        ...width('bits', 'Where each cycle begins.', entry.low, 7),
        put: (low) => ({ ...entry, low: low as Bits }),
      },
      {
        ...width('to', 'Where each cycle ends.', entry.high, 8),
        put: (high) => ({ ...entry, high: high as Bits }),
      },
      {
        ...{ label: 'cycles', help: 'The paper takes 8.', value: entry.cycles, min: 1, max: maxCycles },
        put: (cycles) => ({ ...entry, cycles }),
      },
    ],
  },
  late: {
    begin: (_, from, length) => ({ kind: 'late', until: at(from, length, 0.5) }),
    fields: (entry) => [
      {
        ...step('float until step', 'Nothing is rounded before.', entry.until, 1),
        put: (until) => ({ ...entry, until }),
      },
    ],
  },
  hybrid: {
    begin: (_, from, length) => ({
      kind: 'hybrid',
      until: at(from, length, 0.5),
      train: at(from, length, 0.6),
    }),
    fields: (entry) => [
      {
        ...step('float until step', 'Then PTQ’s result is taken.', entry.until, 1),
        put: (until) => ({ ...entry, until, train: Math.max(until, entry.train) }),
      },
      {
        ...step('QAT from step', 'Until then PTQ’s result is held still.', entry.train, 1),
        put: (train) => ({ ...entry, train }),
      },
    ],
  },
  observers: {
    begin: (_, from, length) => ({ kind: 'observers', step: at(from, length, 0.8) }),
    fields: (entry) => [
      {
        ...step('from step', 'Until then observers follow the batches.', entry.step, 1),
        put: (to) => ({ ...entry, step: to }),
      },
    ],
  },
  batchNorm: {
    begin: (_, from, length) => ({ kind: 'batchNorm', step: at(from, length, 0.8) }),
    fields: (entry) => [
      {
        ...step('from step', 'Until then batch norm uses each batch’s statistics.', entry.step, 1),
        put: (to) => ({ ...entry, step: to }),
      },
    ],
  },
};

export const fieldsOf = (entry: PlanEntry) =>
  entryForms[entry.kind].fields(entry as never) as EntryField<PlanEntry>[];

/** Whether an entry of a kind means something here. */
export const offers = (kind: PlanKind, { layers }: Experiment): boolean =>
  kind !== 'batchNorm' || hasBatchNorm(layers);

/** The plan with one more entry, which comes first: the first that speaks to a place drives it. */
export function withNew(experiment: Experiment, kind: PlanKind, reached: number): Plan {
  const { plan = [], stop } = experiment;
  const planned = stop.steps ?? defaultSteps(experiment);
  // What is planned while it trains begins a little later, on a round step.
  const grain = Math.max(1, 10 ** Math.floor(Math.log10(planned / 20)));
  const from = reached === 0 ? 0 : grain * (Math.floor(reached / grain) + 1);
  const length = planned > from ? planned - from : planned;
  return [entryForms[kind].begin(experiment, from, length) as PlanEntry, ...plan];
}
