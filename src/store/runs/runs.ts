/** The runs kept for comparison, as the page shows them: the list of all tabs, and this tab's view of it. */
import { create } from 'zustand';
import { nameRuns } from '@/experiment/differences';
import type { Run } from './record';

export interface RunsState {
  /** The oldest first. */
  runs: readonly Run[];
  /** The run that is pointed at, in the table or in the chart. */
  pointed: string | null;
}

export const useRuns = create<RunsState>()(() => ({ runs: [], pointed: null }));

const cache = new WeakMap<readonly Run[], ReadonlyMap<string, string>>();

/** Names by id: what the person called them, else what differs. */
export function namesOf(runs: readonly Run[]): ReadonlyMap<string, string> {
  let names = cache.get(runs);
  if (!names) {
    const made = nameRuns(runs.map(({ experiment }) => experiment));
    names = new Map(runs.map(({ id, name }, i) => [id, name ?? made[i]!]));
    cache.set(runs, names);
  }
  return names;
}

export const nameOf = (id: string): string => namesOf(useRuns.getState().runs).get(id) ?? 'The run';
