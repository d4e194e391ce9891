/**
 * What to run: the experiment with its recorded changes, edits that the worker has not confirmed yet, and what the last
 * new start replaced. Actions are in session.ts; here are the state and the laws that it follows.
 */
import { create } from 'zustand';
import { applyEdit, isSameThing, recordEdit, settingsAt, timelineOf } from '@/experiment/changes';
import { defaultExperiment } from '@/experiment/presets';
import type { Change, Edit, Experiment } from '@/experiment/schema';
import type { Checkpoint, CurvePoint } from '@/session/protocol';
import { useLive } from './live';

/** A run that can be gone back to: everything needed to show it and to train on. */
export interface SavedRun {
  experiment: Experiment;
  checkpoint: Checkpoint | null;
  points: CurvePoint[];
}

/** The run that a new start replaced, one Undo away. */
export interface Replaced extends SavedRun {
  /** What replaced it, as the notice says it: "The link was opened." */
  reason: string;
}

export interface ExperimentState {
  experiment: Experiment;
  /** Edits sent to the worker, not yet answered with their step. The page shows them at once. */
  pending: readonly Edit[];
  replaced: Replaced | null;
}

export const useExperiment = create<ExperimentState>()(() => ({
  experiment: defaultExperiment,
  pending: [],
  replaced: null,
}));

/** Adds edits that wait for their step; a later one of the same thing replaces an earlier one. */
export const withPending = (pending: readonly Edit[], edits: readonly Edit[]): readonly Edit[] => [
  ...pending.filter((old) => !edits.some((edit) => isSameThing(old, edit))),
  ...edits,
];

const settingOf = (edit: Edit) =>
  edit.kind === 'bits' ? edit.bits : edit.kind === 'adopt' ? undefined : edit.value;
const sameEdit = (a: Edit, b: Edit): boolean => isSameThing(a, b) && settingOf(a) === settingOf(b);

/**
 * The worker's answer: these changes took effect after `step` steps. What carries a step of its own was recorded before
 * and has only been run again.
 */
export function confirm(
  state: Pick<ExperimentState, 'experiment' | 'pending'>,
  changes: readonly (Change | Edit)[],
  step: number,
): Pick<ExperimentState, 'experiment' | 'pending'> {
  const edits = changes.filter((change): change is Edit => !('step' in change));
  return {
    experiment: edits.reduce((experiment, edit) => recordEdit(experiment, edit, step), state.experiment),
    pending: state.pending.filter((waiting) => !edits.some((edit) => sameEdit(waiting, edit))),
  };
}

/** Settings in force, one object per experiment and number of changes done, so that selectors stay stable. */
const settingsCache = new WeakMap<Experiment, Map<number, Experiment>>();

/** The settings in force once `step` steps are done. */
export function settingsOf(experiment: Experiment, step: number): Experiment {
  const done = timelineOf(experiment).filter((change) => change.step <= step).length;
  const bySteps = settingsCache.get(experiment) ?? new Map<number, Experiment>();
  settingsCache.set(experiment, bySteps);
  const settings = bySteps.get(done) ?? settingsAt(experiment, step);
  bySteps.set(done, settings);
  return settings;
}

let last: { settings: Experiment; pending: readonly Edit[]; result: Experiment } | null = null;

/**
 * The settings the page shows: those in force at the present step with the edits on their way. After all changes they
 * equal presentSettings(experiment); during a replay, or before an opened link has run, recorded changes are still to
 * come.
 */
export function settingsNow(
  { experiment, pending }: Pick<ExperimentState, 'experiment' | 'pending'>,
  step: number,
): Experiment {
  const settings = settingsOf(experiment, step);
  if (pending.length === 0) return settings;
  if (last?.settings !== settings || last.pending !== pending)
    last = { settings, pending, result: pending.reduce<Experiment>(applyEdit, settings) };
  return last.result;
}

/** The settings the page shows; see settingsNow. Renders again only when a setting changes. */
export function useSettings(): Experiment {
  const experiment = useExperiment((state) => state.experiment);
  const pending = useExperiment((state) => state.pending);
  return useLive((live) => settingsNow({ experiment, pending }, live.step));
}

/** Recorded changes that the run has not reached yet. What a plan makes is no news: the timeline shows it. */
export function useUpcoming(): Change[] {
  const { changes } = useExperiment((state) => state.experiment);
  const done = useLive((live) => changes.filter((change) => change.step <= live.step).length);
  return changes.slice(done);
}
