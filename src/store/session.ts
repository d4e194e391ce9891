/** The page's actions on the run as a whole: begin anew, undo, train, pause, replay, measure, try out. */
import type { BackendChoice } from '@/catalog/backends';
import { applyEdit, presentSettings } from '@/experiment/changes';
import { fittingPlan } from '@/experiment/plan';
import { defaultExperiment } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import type { Measurement } from '@/session/measuring/measurement';
import type { Attempt, Tried } from '@/session/protocol';
import { useAnalysis } from './analysis';
import { useExperiment } from './experiment';
import { useLive } from './live';
import { dismiss } from './notices';
import { begin, commit, now, presentRun, session, worker } from './worker';
import { useWorkspace } from './workspace';

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
  if (state === 'paused' && !worker.loaded) begin(presentRun());
  useLive.setState({ state: 'training', pausing: false });
  useWorkspace.setState({ trained: true });
  // Training on ends a measurement.
  useAnalysis.setState({ measuring: null });
  dismiss('run');
  session().train();
}
export function pause(): void {
  if (useLive.getState().state !== 'training') return;
  useLive.setState({ state: 'paused', pausing: true });
  session().pause();
}
export const toggleTraining = (): void => (useLive.getState().state === 'training' ? pause() : train());

export function stepOnce(): void {
  if (useLive.getState().divergence) return;
  useLive.setState({ state: 'paused' });
  useWorkspace.setState({ trained: true });
  useAnalysis.setState({ measuring: null });
  session().step();
}

/** From step 0 with the settings of now and no recorded changes. */
export const reset = (): void => restructure({}, 'Started over from step 0.');

/** From step 0 with the starting settings; the recorded changes are made again, up to the step reached before. */
export function replay(): void {
  const { experiment } = useExperiment.getState();
  const until = Math.max(useLive.getState().step, experiment.changes.at(-1)?.step ?? 0);
  restart(experiment, 'The run is being replayed from step 0.');
  if (until > 0) {
    session().stopAt({ ...experiment.stop, steps: until });
    worker.replayUntil = until;
  }
  train();
}

/** Pauses and measures; the result is in ./analysis.ts. */
export function measure(what: Measurement['what']): void {
  const { state, divergence } = useLive.getState();
  if (state === 'starting' || divergence || useAnalysis.getState().measuring) return;
  useLive.setState({ state: 'paused' });
  useAnalysis.setState({ measuring: { what, done: 0, of: 1 } });
  session().measure(what);
}

/** Ends a measurement without a result. */
export function cancelMeasuring(): void {
  if (!useAnalysis.getState().measuring) return;
  useAnalysis.setState({ measuring: null });
  session().pause();
}

export function stopAt(stop: Experiment['stop']): void {
  useExperiment.setState(({ experiment }) => ({ experiment: { ...experiment, stop } }));
  session().stopAt(stop);
  commit();
}

export function selectLayer(selected: string): void {
  useWorkspace.setState({ selected });
  session().select(selected);
}

/** Asks what the networks make of an example, now, while they train and in every run to come; null ends it. */
export function tryOut(next: Attempt | null): void {
  worker.attempt = next;
  if (!next) useLive.setState({ tried: null });
  if (worker.loaded) worker.asked = session().tryOut(next);
}
/** Whether it is the answer to what was asked last. */
export const isAnswered = (tried: Tried | null): tried is Tried => tried?.attempt === worker.asked;

/** Goes on with the same run on another backend. */
export function chooseBackend(backend: BackendChoice): void {
  const training = useLive.getState().state === 'training';
  useWorkspace.setState({ backend });
  useLive.setState({ backend: null });
  begin(presentRun(), { training, keep: true });
}
