/** The page's worker and the run that it has: what the actions (./session.ts, ./editing.ts) and its events (./events.ts) share. */
import { rounds } from '@/catalog/layers';
import type { Dataset } from '@/data/dataset';
import { layerNames } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';
import type { SessionClient } from '@/session/client';
import type { Attempt } from '@/session/protocol';
import { followAddress } from './address';
import { emptyAnalysis, useAnalysis } from './analysis';
import { type SavedRun, settingsNow, useExperiment } from './experiment';
import { emptyLive, historiesUpTo, useLive } from './live';
import { alertPerson, dismiss } from './notices';
import { scheduleSave } from './saving';
import { useWorkspace } from './workspace';

/** One instance for the page. */
export const worker: {
  client: SessionClient | undefined;
  /** Whether it has the present run. */
  loaded: boolean;
  /** Crashes since the last checkpoint. */
  crashes: number;
  /** Step at which a replay pauses, while one runs. */
  replayUntil: number | undefined;
  /** What waits for it to stand still, so that the step that it is at is known. */
  waiting: (() => void) | undefined;
  /** What the networks are asked about, if anything, and its number: answers to others are late. */
  attempt: Attempt | null;
  asked: number;
} = {
  client: undefined,
  loaded: false,
  crashes: 0,
  replayUntil: undefined,
  waiting: undefined,
  attempt: null,
  asked: 0,
};

/** @throws Error before `connect` */
export function session(): SessionClient {
  if (!worker.client) throw new Error('The training worker is not connected yet.');
  return worker.client;
}

/** Own data sets in memory, by hash. */
export const ownData = new Map<string, Dataset>();
/** Runs out where the worker says nothing although it should. */
let silence: ReturnType<typeof setTimeout> | undefined;
const silenceMs = 20_000;

/** The settings in force, with what waits to take effect. */
export const now = () => settingsNow(useExperiment.getState(), useLive.getState().step);

/** The run as it could be gone back to. */
export const presentRun = (): SavedRun => ({
  experiment: useExperiment.getState().experiment,
  checkpoint: session().checkpoint,
  points: useLive.getState().points,
});

/** After something that defines the experiment has changed: the address bar and the stored run follow. */
export function commit(): void {
  followAddress(useExperiment.getState().experiment);
  scheduleSave();
}

/** The layer whose detail is shown: the chosen one if this network has it, else the second or first with weights. */
export function shownLayer(selected: string, layers: Experiment['layers']): string {
  const names = layerNames(layers).filter((_, index) => rounds(layers[index]!));
  if (selected === 'input' || names.includes(selected)) return selected;
  return (names.length > 2 ? names[1] : names[0]) ?? 'input';
}

/** Starts the worker on a run: from step 0, or from the checkpoint. */
export function begin(run: SavedRun, { training = false, keep = false } = {}): void {
  const { experiment, checkpoint } = run;
  const { dataset } = experiment;
  const before = useLive.getState();
  const { backend, selected } = useWorkspace.getState();
  const step = checkpoint?.step ?? 0;
  Object.assign(worker, { replayUntil: undefined, waiting: undefined, loaded: false });
  dismiss('run');
  useExperiment.setState({ experiment, pending: [] });
  const data = dataset.kind === 'own' ? ownData.get(dataset.hash) : undefined;
  const number = session().load(experiment, {
    backend,
    selected: shownLayer(selected, experiment.layers),
    ...(data ? { dataset: data } : {}),
    ...(checkpoint ? { checkpoint } : {}),
  });
  useLive.setState({
    ...emptyLive,
    ...(keep ? before : {}),
    backend: before.backend,
    run: number,
    step,
    points: run.points.filter((point) => point.step <= step),
    histories: keep ? historiesUpTo(before.histories, step) : {},
    divergence: null,
    pausing: false,
    state: training ? 'training' : 'starting',
  });
  if (!keep) useAnalysis.setState({ ...emptyAnalysis, run: number });
  else useAnalysis.setState({ run: number, measuring: null });
  if (training) session().train();
  listen();
}

/** Something was heard from the worker, or it was given something to do: from now on it should be heard again soon. */
export function listen(): void {
  clearTimeout(silence);
  dismiss('silence');
  silence = setTimeout(() => {
    if (useLive.getState().state === 'paused') return;
    alertPerson(
      'silence',
      `Training has not answered for ${silenceMs / 1000} s: a single step may take long on this device, or the worker has stopped.`,
      [{ label: 'Restart the worker', run: () => session().abandon('it was restarted') }],
    );
  }, silenceMs);
}
