/** What a person does with runs: pin, rename, delete, restore. Stored at once, and other tabs hear of it. */
import { settingsAt } from '@/experiment/changes';
import { workingMemory } from '@/experiment/memory';
import type { Experiment } from '@/experiment/schema';
import { learnedWidths, modelSize } from '@/experiment/size';
import { useExperiment } from '../experiment';
import { type LiveState, useLive } from '../live';
import { alertPerson, notify } from '../notices';
import { openExperiment } from '../opening';
import { useWorkspace } from '../workspace';
import { changeRuns, readRuns } from './database';
import { keptCurve, maxName, maxRuns, type Run } from './record';
import { nameOf, useRuns } from './runs';

const channel =
  typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('qat-playground-runs');

/** Takes the runs from the store, and again when another tab changes them. */
export async function loadRuns(): Promise<void> {
  if (channel) channel.onmessage = () => void refresh();
  await refresh();
}
const refresh = async (): Promise<void> =>
  useRuns.setState({ runs: await readRuns().catch(() => useRuns.getState().runs) });

/**
 * Changes the list on the page and in the store. A browser that stores nothing keeps the runs as long as the page, and
 * says so once.
 */
export async function change(put: readonly Run[], remove: readonly string[] = []): Promise<void> {
  const changed = new Map(put.map((run) => [run.id, run]));
  const { runs } = useRuns.getState();
  const known = new Set(runs.map(({ id }) => id));
  useRuns.setState({
    runs: [
      ...runs.filter(({ id }) => !remove.includes(id)).map((run) => changed.get(run.id) ?? run),
      ...put.filter(({ id }) => !known.has(id)),
    ].sort((a, b) => a.at - b.at),
  });
  try {
    await changeRuns(put, remove);
    channel?.postMessage('changed');
  } catch {
    notify({
      key: 'runs',
      tone: 'note',
      text: 'This browser does not store the runs: export them before you leave the page.',
    });
  }
}

export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join('');

/** Whether so many more runs can be kept; tells the person where not. */
export function hasRoom(more: number): boolean {
  if (useRuns.getState().runs.length + more <= maxRuns) return true;
  alertPerson('runs', `At most ${maxRuns} runs are kept: export and delete some before you add more.`);
  return false;
}

/** Keeps the present run as it is now; while a pause is still judging the whole test set, with what it finds then. */
export async function pin(): Promise<void> {
  const { experiment } = useExperiment.getState();
  const live = useLive.getState();
  const { points, step } = live;
  const last = points.at(-1);
  if (!last || step === 0)
    return notify({
      key: 'runs',
      tone: 'note',
      text: 'Nothing is trained yet: press Train, then pin the run.',
    });
  if (!hasRoom(1)) return;
  const run = present(experiment, live);
  await change([run]);
  useWorkspace.setState({ bench: 'runs', benchOpen: true });
  if (!live.pausing) return;
  const stop = useLive.subscribe((now) => {
    const goesOn = now.run === live.run && now.state === 'paused';
    if (goesOn && now.pausing) return;
    stop();
    const kept = find(run.id);
    if (!goesOn || !kept) return;
    const { at, curve, name } = kept;
    void change([
      { ...present(experiment, now), id: run.id, at, curve, ...(name !== undefined && { name }) },
    ]);
  });
}

/** The record of what is measured of the run at hand. */
function present(experiment: Experiment, { points, layers, stepMs, backend }: LiveState): Run {
  const step = points.at(-1)!.step;
  // What was recorded for later steps has not happened.
  const changes = experiment.changes.filter((one) => one.step <= step);
  return finished({
    experiment: { ...experiment, changes },
    points,
    stepMs,
    backend: backend?.name ?? '',
    widths: learnedWidths(Object.values(layers)),
    curve: true,
  });
}

interface Finished extends Pick<Run, 'experiment' | 'points' | 'stepMs' | 'backend' | 'curve'> {
  widths: Parameters<typeof modelSize>[1];
  sweep?: string;
  id?: string;
}

/** The record of a run that has come this far. */
export function finished({ widths, ...run }: Finished): Run {
  const last = run.points.at(-1)!;
  const settings = settingsAt(run.experiment, last.step);
  const size = modelSize(settings, widths);
  return {
    id: newId(),
    at: Date.now(),
    ...run,
    step: last.step,
    points: keptCurve(run.points),
    accuracy: {
      float: last.float.accuracy,
      ptq: last.ptq?.accuracy ?? null,
      qat: last.qat.accuracy,
    },
    bytes: { float: size.float, quantized: size.total, ram: workingMemory(settings) },
    bops: size.bops,
  };
}

const find = (id: string): Run | undefined => useRuns.getState().runs.find((run) => run.id === id);

/** An empty name gives the run the one by what differs. */
export async function rename(id: string, name: string): Promise<void> {
  const run = find(id);
  if (!run) return;
  const { name: _, ...unnamed } = run;
  const wanted = name.trim().slice(0, maxName);
  await change([wanted === '' ? unnamed : { ...unnamed, name: wanted }]);
}

export async function showCurve(id: string, curve: boolean): Promise<void> {
  const run = find(id);
  if (run) await change([{ ...run, curve }]);
}

/** Deletes runs; they stay one Undo away. */
export async function remove(ids: readonly string[]): Promise<void> {
  const gone = useRuns.getState().runs.filter(({ id }) => ids.includes(id));
  const [first] = gone;
  if (!first) return;
  const what = gone.length === 1 ? nameOf(first.id) : `${gone.length} runs`;
  await change([], ids);
  notify({
    key: 'runs',
    tone: 'note',
    text: `Deleted ${what}.`,
    actions: [{ label: 'Undo', run: () => void change(gone) }],
  });
}

/** The experiment of a run, at step 0 and paused; what was here stays one Undo away. */
export async function restore(id: string): Promise<void> {
  const run = find(id);
  if (!run) return;
  const { experiment, step } = run;
  // Train then goes as far as the run went.
  const stop = { ...experiment.stop, steps: step };
  await openExperiment({ ...experiment, stop }, `${nameOf(id)} was restored.`);
}
