/** The page's actions on the run: joins the stores to the session's client. One instance for the page. */

import type { BackendChoice } from '@/catalog/backends';
import { rounds, siteAt } from '@/catalog/layers';
import { learningRateSchema } from '@/catalog/optimizers';
import type { Dataset } from '@/data/dataset';
import { applyEdit, hasSamePast, presentSettings } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import { fittingPlan, type Plan, planProblem } from '@/experiment/plan';
import { defaultExperiment } from '@/experiment/presets';
import { type Edit, type Experiment, maxChanges } from '@/experiment/schema';
import type { Timeline } from '@/experiment/timeline';
import { nextFrame, type RunEvent, SessionClient, type WorkerPort } from '@/session/client';
import type { Measurement } from '@/session/measurement';
import type { Attempt, Tried } from '@/session/protocol';
import { followAddress } from './address';
import { emptyAnalysis, keepMeasurement, useAnalysis } from './analysis';
import { confirm, type SavedRun, settingsNow, settingsOf, useExperiment, withPending } from './experiment';
import { applySnapshot, emptyLive, historiesUpTo, useLive } from './live';
import { alertPerson, dismiss, notify } from './notices';
import { save, scheduleSave } from './saving';
import { useWorkspace } from './workspace';

let client: SessionClient;
/** Own data sets in memory, by hash. */
export const ownData = new Map<string, Dataset>();
/** Step at which a replay pauses, while one runs. */
let replayUntil: number | undefined;
/** Crashes since the last checkpoint. */
let crashes = 0;
/** Whether the worker has the present run. */
let loaded = false;
/** Runs out where the worker says nothing although it should. */
let silence: ReturnType<typeof setTimeout> | undefined;
const silenceMs = 20_000;

/** Starts the worker. Tests give a worker and a clock of their own. */
export function connect(makeWorker?: () => WorkerPort, schedule: (callback: () => void) => void = nextFrame) {
  client = new SessionClient(
    {
      event: hear,
      snapshot: (snapshot) => {
        listen();
        useLive.setState((live) => applySnapshot(live, snapshot));
      },
      crashed: recover,
    },
    makeWorker,
    schedule,
  );
}
export const session = () => client;

const steps = (count: number) => count.toLocaleString('en-US');
const now = () => settingsNow(useExperiment.getState(), useLive.getState().step);

/** The run as it could be gone back to. */
export const presentRun = (): SavedRun => ({
  experiment: useExperiment.getState().experiment,
  checkpoint: client.checkpoint,
  points: useLive.getState().points,
});

/** After something that defines the experiment has changed: the address bar and the stored run follow. */
function commit(): void {
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
  replayUntil = undefined;
  waiting = undefined;
  loaded = false;
  dismiss('run');
  useExperiment.setState({ experiment, pending: [] });
  const data = dataset.kind === 'own' ? ownData.get(dataset.hash) : undefined;
  const number = client.load(experiment, {
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
    state: training ? 'training' : 'starting',
  });
  if (!keep) useAnalysis.setState({ ...emptyAnalysis, run: number });
  else useAnalysis.setState({ run: number, measuring: null });
  if (training) client.train();
  listen();
}

/** Keeps the present run one Undo away, if there is something to lose. */
function keepForUndo(reason: string, whole: boolean): void {
  const { experiment, replaced } = useExperiment.getState();
  const trained = useLive.getState().step > 0;
  if (!trained && (!whole || experiment === defaultExperiment)) return;
  // What has not trained does not push out a run that has: looking through datasets must not cost a long training.
  const kept = !trained && replaced?.checkpoint ? replaced : presentRun();
  useExperiment.setState({ replaced: { ...kept, reason } });
}

/**
 * A new run from step 0, paused.
 * @param reason the sentence of the Undo notice
 * @param whole whether it replaces the experiment as a whole (a link, a file, other data) and not one setting of it
 */
export function restart(experiment: Experiment, reason: string, whole = false): void {
  keepForUndo(reason, whole);
  // what was said of the run before says nothing of this one
  for (const key of ['crash', 'moved', 'failed', 'changes']) dismiss(key);
  begin({ experiment, checkpoint: null, points: [] });
  commit();
}

/** Changes a setting that needs a new start; recorded changes belong to the run that ends. */
export function restructure(change: Partial<Experiment>, reason: string): void {
  const { experiment, pending } = useExperiment.getState();
  if (!experiment.plan) {
    restart({ ...now(), ...change, changes: [] }, reason);
    return;
  }
  // With a plan the settings of now are the plan's; what the run starts from is what was chosen by hand.
  const done = experiment.changes.filter(({ step }) => step <= useLive.getState().step);
  const own = pending.reduce<Experiment>(applyEdit, presentSettings({ ...experiment, changes: done }));
  const seen = now().layers;
  const layers = (change.layers ?? own.layers).map((spec) => own.layers[seen.indexOf(spec)] ?? spec);
  const { plan: _, ...rest } = { ...own, ...change, layers, changes: [] };
  const plan = fittingPlan(experiment.plan, layers);
  restart(plan ? { ...rest, plan } : rest, reason);
}

/** Goes back to the run that was replaced; that of now takes its place if it has trained. */
export function undo(): void {
  const { replaced } = useExperiment.getState();
  if (!replaced) return;
  const trained = useLive.getState().step > 0;
  const swap = trained ? { ...presentRun(), reason: 'The earlier run is back.' } : null;
  useExperiment.setState({ replaced: swap });
  begin(replaced);
  commit();
}
export const forgetReplaced = (): void => useExperiment.setState({ replaced: null });

export function train(): void {
  const { state, divergence } = useLive.getState();
  if (state === 'training' || divergence) return;
  // No run in the worker although the start is over: it failed, and is tried again.
  if (state === 'paused' && !loaded) begin(presentRun());
  useLive.setState({ state: 'training' });
  useWorkspace.setState({ trained: true });
  // Training on ends a measurement.
  useAnalysis.setState({ measuring: null });
  dismiss('run');
  client.train();
}
export function pause(): void {
  if (useLive.getState().state !== 'training') return;
  useLive.setState({ state: 'paused' });
  client.pause();
}
export const toggleTraining = (): void => (useLive.getState().state === 'training' ? pause() : train());

export function stepOnce(): void {
  if (useLive.getState().divergence) return;
  useLive.setState({ state: 'paused' });
  useWorkspace.setState({ trained: true });
  useAnalysis.setState({ measuring: null });
  client.step();
}

/** From step 0 with the settings of now and no recorded changes. */
export const reset = (): void => restructure({}, 'Started over from step 0.');

/** From step 0 with the starting settings; the recorded changes are made again, up to the step reached before. */
export function replay(): void {
  const { experiment } = useExperiment.getState();
  const until = Math.max(useLive.getState().step, experiment.changes.at(-1)?.step ?? 0);
  restart(experiment, 'The run is being replayed from step 0.');
  if (until > 0) {
    client.stopAt({ ...experiment.stop, steps: until });
    replayUntil = until;
  }
  train();
}

/** Edits that take effect between two steps; those that change nothing are dropped. */
export function edit(edits: readonly Edit[]): void {
  const { experiment, pending } = useExperiment.getState();
  const changed = edits.filter((one) => !isInForce(one, now()));
  if (changed.length === 0) return;
  if (experiment.changes.length + pending.length + changed.length > maxChanges) {
    alertPerson(
      'changes',
      `A run records at most ${steps(maxChanges)} changes. Reset starts over with the present settings.`,
    );
    return;
  }
  useExperiment.setState({ pending: withPending(pending, changed) });
  client.edit(changed);
}

function isInForce(one: Edit, settings: Experiment): boolean {
  if (one.kind === 'learningRate') return settings.optimizer.learningRate === one.value;
  if (one.kind === 'batchNorm') return settings.batchNorm === one.value;
  if (one.kind === 'observers') return (settings.observers ?? 'following') === one.value;
  if (one.kind === 'hold') return (settings.held?.includes(one.layer) ?? false) === (one.value === 'held');
  if (one.kind === 'adopt') return false;
  const spec = settings.layers[layerNames(settings.layers).indexOf(one.layer)];
  const site: Readonly<Record<string, unknown>> | undefined =
    one.layer === 'input' ? settings.input : spec && siteAt(spec, one.site);
  return one.kind === 'bits' ? site?.bits === one.bits : site?.[one.setting] === one.value;
}

/** Pauses and measures; the result is in ./analysis.ts. */
export function measure(what: Measurement['what']): void {
  const { state, divergence } = useLive.getState();
  if (state === 'starting' || divergence || useAnalysis.getState().measuring) return;
  useLive.setState({ state: 'paused' });
  useAnalysis.setState({ measuring: { what, done: 0, of: 1 } });
  client.measure(what);
}

/** Ends a measurement without a result. */
export function cancelMeasuring(): void {
  if (!useAnalysis.getState().measuring) return;
  useAnalysis.setState({ measuring: null });
  client.pause();
}

/** What waits for the worker to stand still, so that the step that it is at is known. */
let waiting: (() => void) | undefined;

/**
 * Changes the plan or the changes made by hand. What they have made of the run so far stays so: where it would not, the run
 * starts over. Training goes on.
 * @param make the timeline that is wanted, from that of now
 * @param reason the sentence of the Undo notice
 */
export function changeTimeline(make: (now: Timeline) => Timeline, reason: string): void {
  if (useLive.getState().state !== 'training') {
    takeTimeline(make(useExperiment.getState().experiment), reason);
    return;
  }
  waiting = () => {
    takeTimeline(make(useExperiment.getState().experiment), reason);
    train();
  };
  client.pause();
}
export const changePlan = (plan: Plan | undefined, reason: string): void =>
  changeTimeline(({ changes }) => ({ ...(plan ? { plan } : {}), changes }), reason);

function takeTimeline({ plan, changes }: Timeline, reason: string): void {
  const { experiment } = useExperiment.getState();
  const { step } = useLive.getState();
  const { plan: _, ...rest } = experiment;
  const changed: Experiment = { ...rest, ...(plan ? { plan } : {}), changes };
  const wrong = plan && planProblem(changed);
  if (wrong) {
    alertPerson('plan', `The plan is not taken. ${wrong}`);
    return;
  }
  dismiss('plan');
  if (step > 0 && !hasSamePast(experiment, changed, step)) {
    restart(changed, reason);
    return;
  }
  useExperiment.setState({ experiment: changed });
  if (step > 0) client.plan(changed);
  else begin({ experiment: changed, checkpoint: null, points: [] });
  commit();
}

/** How PTQ is done, or what the QAT network learns from: the run goes on from its checkpoint. */
export function changeMethod(
  change: {
    [K in 'ptq' | 'distillation']?: Experiment[K] | undefined;
  },
): void {
  const run = presentRun();
  const training = useLive.getState().state === 'training';
  const entries = Object.entries({ ...run.experiment, ...change }).filter(([, value]) => value !== undefined);
  begin({ ...run, experiment: Object.fromEntries(entries) as Experiment }, { training, keep: true });
  commit();
}

export function stopAt(stop: Experiment['stop']): void {
  useExperiment.setState(({ experiment }) => ({ experiment: { ...experiment, stop } }));
  client.stopAt(stop);
  commit();
}

export function selectLayer(selected: string): void {
  useWorkspace.setState({ selected });
  client.select(selected);
}

let attempt: Attempt | null = null;

/** Asks what the networks make of an example, now, while they train and in every run to come; null ends it. */
export function tryOut(next: Attempt | null): void {
  attempt = next;
  if (!next) useLive.setState({ tried: null });
  if (loaded) asked = client.tryOut(next);
}
/** Number of the attempt that was asked for last: answers to others are late. */
let asked = 0;
export const isAnswered = (tried: Tried | null): tried is Tried => tried?.attempt === asked;

/** Goes on with the same run on another backend. */
export function chooseBackend(backend: BackendChoice): void {
  const training = useLive.getState().state === 'training';
  useWorkspace.setState({ backend });
  useLive.setState({ backend: null });
  begin(presentRun(), { training, keep: true });
}

/** Back to the last good checkpoint; what was changed after it is forgotten. */
export function rewind(learningRate?: number): void {
  const run = presentRun();
  const step = run.checkpoint?.step ?? 0;
  const changes = run.experiment.changes.filter((change) => change.step <= step);
  begin({ ...run, experiment: { ...run.experiment, changes } });
  if (learningRate !== undefined) {
    edit([{ kind: 'learningRate', value: learningRate }]);
    train();
  }
  commit();
}

/** A tenth of the learning rate in force at the last good checkpoint, with one or two digits. */
export function lowerLearningRate(): number {
  const { experiment } = useExperiment.getState();
  const rate = settingsOf(experiment, client.checkpoint?.step ?? 0).optimizer.learningRate / 10;
  return learningRateSchema.catch(1e-6).parse(Number(rate.toPrecision(2)));
}

/** Something was heard from the worker, or it was given something to do: from now on it should be heard again soon. */
function listen(): void {
  clearTimeout(silence);
  dismiss('silence');
  silence = setTimeout(() => {
    if (useLive.getState().state === 'paused') return;
    alertPerson(
      'silence',
      `Training has not answered for ${silenceMs / 1000} s: a single step may take long on this device, or the worker has stopped.`,
      [{ label: 'Restart the worker', run: () => client.abandon('it was restarted') }],
    );
  }, silenceMs);
}

function hear(event: RunEvent): void {
  listen();
  switch (event.type) {
    case 'ready': {
      const { step, backend, preview } = event;
      loaded = true;
      const points = useLive.getState().points.filter((point) => point.step <= step);
      useLive.setState(({ state, histories }) => ({
        ...{ step, backend, preview, points, histories: historiesUpTo(histories, step) },
        state: state === 'starting' ? 'paused' : state,
      }));
      if (attempt) asked = client.tryOut(attempt);
      return;
    }
    case 'changed': {
      useExperiment.setState((state) => confirm(state, event.changes, event.step));
      useLive.setState(({ step }) => ({ step: Math.max(step, event.step) }));
      commit();
      return;
    }
    case 'paused': {
      useLive.setState({ state: 'paused', step: event.step });
      if (waiting) {
        const go = waiting;
        waiting = undefined;
        go();
        return;
      }
      const { stop } = useExperiment.getState().experiment;
      if (event.reason === 'accuracy')
        notify({ key: 'run', tone: 'note', text: `Target accuracy reached at step ${steps(event.step)}.` });
      if (event.reason === 'steps')
        notify({
          key: 'run',
          tone: 'note',
          text:
            replayUntil === undefined
              ? `Paused at step ${steps(event.step)}, the stop you set.`
              : `Replayed up to step ${steps(event.step)}.`,
        });
      if (replayUntil !== undefined) client.stopAt(stop);
      replayUntil = undefined;
      // A person who has paused may well reload at once.
      void save();
      return;
    }
    case 'checkpoint':
      crashes = 0;
      scheduleSave();
      return;
    case 'measuring': {
      const { what, done, of } = event;
      // What was ended here may not have heard of it yet.
      if (useAnalysis.getState().measuring) useAnalysis.setState({ measuring: { what, done, of } });
      return;
    }
    case 'measured':
      keepMeasurement(event.result);
      return;
    case 'diverged': {
      const { step, layer, network, rewindTo } = event;
      useLive.setState({ state: 'paused', step, divergence: { step, layer, network, rewindTo } });
      return;
    }
    case 'moved':
      alertPerson(
        'moved',
        `The ${names[event.from]} device was lost (${event.reason}). The run goes on from step ${steps(event.step)} on ${names[event.to]}.`,
      );
      return;
    case 'failed': {
      useLive.setState({ state: 'paused' });
      useAnalysis.setState({ measuring: null });
      alertPerson('failed', event.failure.message);
      // Stored weights that do not fit the network: the experiment itself is good, and starts over.
      const { experiment } = useExperiment.getState();
      if (!loaded && client.checkpoint && event.failure.kind === 'internal')
        begin({ experiment, checkpoint: null, points: [] });
      return;
    }
    default:
      event satisfies never;
  }
}

export const names: Record<BackendChoice, string> = {
  auto: 'Automatic',
  webgpu: 'WebGPU',
  wasm: 'WASM',
  cpu: 'CPU',
};

/** After the worker died: on from the last checkpoint, on a simpler backend if it dies again and again. */
function recover(reason: string): void {
  crashes++;
  const training = useLive.getState().state === 'training';
  const fallbacks = [undefined, 'wasm', 'cpu'] as const;
  if (crashes > fallbacks.length) {
    useLive.setState({ state: 'paused' });
    alertPerson('crash', `The training worker keeps stopping (${reason}). Reload the page to try again.`);
    return;
  }
  const fallback = fallbacks[crashes - 1];
  if (fallback) useWorkspace.setState({ backend: fallback });
  const run = presentRun();
  begin(run, { training, keep: true });
  const where = `${training ? 'Training continues' : 'The run is back'} at step ${steps(run.checkpoint?.step ?? 0)}`;
  alertPerson(
    'crash',
    `The training worker stopped (${reason}). ${where}${fallback ? ` on ${names[fallback]}` : ''}.`,
  );
}
