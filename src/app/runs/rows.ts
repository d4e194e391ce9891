/** Runs as the table and the chart take them: each for itself, or those that differ in their seed alone as one. */

import { presentSettings } from '@/experiment/changes';
import { common, nameRuns, widths } from '@/experiment/differences';
import type { Experiment } from '@/experiment/schema';
import { deviation, mean } from '@/experiment/sweep/statistics';
import { type Run, timeToAccuracy } from '@/store/runs/record';

/** A value over the runs of a row. */
export interface Stat {
  mean: number;
  /** Sample standard deviation; 0 for a single run. */
  spread: number;
}

export interface Row {
  /** That of its first run. */
  id: string;
  name: string;
  /** The run itself, or all that differ in their seed alone. */
  runs: readonly Run[];
  /** Widths of the weights in order of the layers, and of the outputs if they are all the same. */
  weightBits: number[];
  activationBits: number | undefined;
  steps: number;
  /** Fractions; null before PTQ was there. */
  qat: Stat;
  ptq: Stat | null;
  float: Stat;
  /** Bytes of the packed model, and of the float one. */
  size: number;
  floatSize: number;
  bops: number;
  /** ms; null where nothing was timed. */
  stepMs: number | null;
  floatStepMs: number | null;
  /** Training time of each network to the accuracy shown, ms. */
  time: number | null;
  floatTime: number | null;
}

const stat = (values: readonly number[]): Stat => ({ mean: mean(values), spread: deviation(values) });
const optional = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : mean(known);
};

const noSeed = (experiment: Experiment): Experiment => ({ ...experiment, seed: 0 });

/** One row for some runs of the same settings. */
export function rowOf(runs: readonly Run[], name: string): Row {
  const [first] = runs as readonly [Run];
  const settings = presentSettings(first.experiment);
  const ptq = runs.flatMap(({ accuracy }) => (accuracy.ptq === null ? [] : [accuracy.ptq]));
  const of = <T>(read: (run: Run) => T): T[] => runs.map(read);
  return {
    id: first.id,
    name,
    runs,
    weightBits: widths(settings, 'weights'),
    activationBits: common(widths(settings, 'activations')),
    steps: first.step,
    qat: stat(of(({ accuracy }) => accuracy.qat)),
    ptq: ptq.length === 0 ? null : stat(ptq),
    float: stat(of(({ accuracy }) => accuracy.float)),
    size: mean(of(({ bytes }) => bytes.quantized)),
    floatSize: first.bytes.float,
    bops: mean(of(({ bops }) => bops)),
    stepMs: optional(of(({ stepMs }) => stepMs?.qat ?? null)),
    floatStepMs: optional(of(({ stepMs }) => stepMs?.float ?? null)),
    time: optional(of((run) => timeToAccuracy(run, 'qat'))),
    floatTime: optional(of((run) => timeToAccuracy(run, 'float'))),
  };
}

/** A row a run. */
export const rowsOf = (runs: readonly Run[], names: ReadonlyMap<string, string>): Row[] =>
  runs.map((run) => rowOf([run], names.get(run.id) ?? ''));

/** A row for all runs that differ in nothing but their seed; a name given to the first of them is kept. */
export function meanRows(runs: readonly Run[]): Row[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const key = JSON.stringify([noSeed(run.experiment), run.step]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const all = [...groups.values()];
  const names = nameRuns(all.map(([first]) => noSeed(first!.experiment)));
  return all.map((group, i) => rowOf(group, (group.length === 1 && group[0]!.name) || names[i]!));
}
