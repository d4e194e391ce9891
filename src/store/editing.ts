/** Changes to a run that goes on: single edits, its timeline, how PTQ and distillation are done, a step back. */
import { siteAt } from '@/catalog/layers';
import { learningRateSchema } from '@/catalog/optimizers';
import { hasSamePast } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import { type Plan, planProblem } from '@/experiment/plan';
import { type Edit, type Experiment, maxChanges } from '@/experiment/schema';
import type { Timeline } from '@/experiment/timeline';
import { settingsOf, useExperiment, withPending } from './experiment';
import { useLive } from './live';
import { alertPerson, dismiss } from './notices';
import { restart, train } from './session';
import { begin, commit, now, presentRun, session, worker } from './worker';

/** Edits that take effect between two steps; those that change nothing are dropped. */
export function edit(edits: readonly Edit[]): void {
  const { experiment, pending } = useExperiment.getState();
  const changed = edits.filter((one) => !isInForce(one, now()));
  if (changed.length === 0) return;
  if (experiment.changes.length + pending.length + changed.length > maxChanges) {
    alertPerson(
      'changes',
      `A run records at most ${maxChanges.toLocaleString('en-US')} changes. Reset starts over with the present settings.`,
    );
    return;
  }
  useExperiment.setState({ pending: withPending(pending, changed) });
  session().edit(changed);
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
  worker.waiting = () => {
    takeTimeline(make(useExperiment.getState().experiment), reason);
    train();
  };
  session().pause();
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
  if (step > 0) session().plan(changed);
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
  const rate = settingsOf(experiment, session().checkpoint?.step ?? 0).optimizer.learningRate / 10;
  return learningRateSchema.catch(1e-6).parse(Number(rate.toPrecision(2)));
}
