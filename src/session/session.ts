/**
 * The session: executes the page's commands one after the other, trains in bursts between them, and reports. An actor
 * with one inbox, so that a change never lands in the middle of a step.
 */
import type { BackendName } from '@/catalog/backends';
import { datasetInfo } from '@/catalog/datasets';
import type { Dataset } from '@/data/dataset';
import { recordEdit, timelineOf } from '@/experiment/changes';
import type { Experiment } from '@/experiment/schema';
import { BackendKeeper, type StartBackend } from './backendKeeper';
import { isSound } from './checkpoint';
import { answerDeploy } from './deployDesk';
import type { DeployCommand } from './deployProtocol';
import type { LoadingCommand } from './loadingProtocol';
import type { Going, Measurement } from './measuring/measurement';
import { measureRobustness } from './measuring/robustness';
import { measureSensitivity } from './measuring/sensitivity';
import { Job } from './pace';
import type { Checkpoint, Command, SessionEvent } from './protocol';
import { Reporter } from './reporter';
import { keepCheckpoint, rewindTarget } from './rewind';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

/** What the session needs from its surroundings; the worker and the tests give different ones. */
export interface Surroundings {
  post(event: SessionEvent): void;
  startBackend: StartBackend;
  makeDataset(experiment: Experiment): Dataset;
  /** Lets messages in between two bursts. */
  breathe(): Promise<void>;
}

type RunCommand = Exclude<Command, LoadingCommand>;
type Load = Extract<Command, { type: 'load' }>;

/** Length of a burst: short enough that a toggle feels immediate. */
const burstMs = 30;
const checkpointEveryMs = 1500;

/** What can be measured of a run; undefined where it was stopped. */
const measurements: {
  [W in Measurement['what']]: (
    trainer: Trainer,
    going: Going,
  ) => Promise<Extract<Measurement, { what: W }> | undefined>;
} = {
  async sensitivity(trainer, going) {
    const sensitivity = await measureSensitivity(trainer.probed, going);
    return sensitivity && { what: 'sensitivity', sensitivity };
  },
  async robustness(trainer, going) {
    await trainer.calibrate(true);
    const robustness = await measureRobustness(trainer, going);
    return robustness && { what: 'robustness', robustness };
  },
};

/** Everything that belongs to the run at hand. */
interface Run {
  id: number;
  load: Load;
  experiment: Experiment;
  trainer: Trainer;
  stepper: Stepper;
  reporter: Reporter;
  saving: Job;
  /** For the session's own recovery and for a rewind, in the order of their steps; see ./rewind.ts. */
  checkpoints: readonly Checkpoint[];
}

/** Step of the newest change made to a run up to a step, 0 without one. */
const lastChange = (run: Run, step: number): number =>
  timelineOf(run.experiment).findLast((change) => change.step <= step)?.step ?? 0;

/** Commands that end a measurement. */
const ending: ReadonlySet<Command['type']> = new Set(['load', 'train', 'step', 'pause']);

export class Session {
  private readonly inbox: RunCommand[] = [];
  private wake: () => void = () => {};
  private readonly backend: BackendKeeper;
  private run: Run | undefined;
  private training = false;

  constructor(private readonly around: Surroundings) {
    this.backend = new BackendKeeper(around.startBackend, () => this.wake());
  }

  /** Queues a command; `loop` executes it. */
  receive(command: RunCommand): void {
    // A new run leaves the ones before it: what waits for them, their data to be made first of all, is not done any more.
    if (command.type === 'load')
      for (const left of this.inbox.splice(0)) if (left.type === 'deploy') void this.deploy(left, true);
    this.inbox.push(command);
    this.wake();
  }

  /** Runs for ever. */
  async loop(): Promise<never> {
    for (;;) {
      try {
        await this.turn();
      } catch (error) {
        await this.recover(error);
      }
    }
  }

  private async turn(): Promise<void> {
    const command = this.inbox.shift();
    if (command) await this.execute(command);
    else if (this.backend.lost !== undefined) throw new Error(this.backend.lost);
    else if (this.training && this.run) await this.train(this.run);
    else
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
  }

  private async execute(command: RunCommand): Promise<void> {
    if (command.type === 'load') return this.load(command);
    const { run } = this;
    // Someone waits for the answer, whatever became of the run.
    if (command.type === 'deploy') return this.deploy(command);
    // A command for a run that was left says nothing about this one.
    if (!run || command.run !== run.id) return;
    switch (command.type) {
      case 'train':
        if (!this.training) run.reporter.begin();
        this.training = true;
        return;
      case 'pause':
        return this.pause(run, 'asked');
      case 'step':
        this.training = false;
        if (await this.burst(run, 0)) await this.pause(run, 'asked');
        return;
      case 'edit':
        for (const edit of command.edits) {
          await run.trainer.edit(edit);
          run.experiment = recordEdit(run.experiment, edit, run.trainer.step);
        }
        this.around.post({ type: 'changed', run: run.id, step: run.trainer.step, changes: command.edits });
        // Toggling fast while paused asks for one evaluation, after the last edit.
        if (!this.training && this.inbox.length === 0) await run.reporter.complete(run.stepper);
        return;
      case 'stop':
        run.experiment = { ...run.experiment, stop: command.stop };
        return;
      case 'select':
        return run.reporter.select(command.layer);
      case 'try':
        // Only the newest of several that wait is answered: a pen moves faster than networks think.
        if (this.inbox.some((later) => later.type === 'try' && later.run === run.id)) return;
        return run.reporter.try(command.attempt && { number: command.number, attempt: command.attempt });
      case 'plan': {
        const { plan: _, ...rest } = { ...run.experiment, changes: command.changes };
        run.experiment = command.plan ? { ...rest, plan: command.plan } : rest;
        return;
      }
      case 'measure':
        return this.measure(run, command.what);
      default:
        command satisfies never;
    }
  }

  /** Answers what is asked about the trained network; the run goes on whatever comes of it. */
  private async deploy({ run, request, question }: DeployCommand, left = false): Promise<void> {
    try {
      if (left || this.run?.id !== run) throw new Error('The run was left before the answer came.');
      const { experiment, trainer } = this.run;
      const answer = await answerDeploy(question, trainer, experiment);
      this.around.post({ type: 'deployed', request, answer });
    } catch (error) {
      if (this.backend.lost !== undefined) throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.around.post({ type: 'failed', request, failure: { kind: 'internal', message } });
    }
  }

  /** Measures at the present step, paused; a new run, Train or Pause ends it without a result. */
  private async measure(run: Run, what: Measurement['what']): Promise<void> {
    if (this.training) await this.pause(run, 'asked');
    const going = async (done: number, of: number) => {
      this.around.post({ type: 'measuring', run: run.id, what, done, of });
      await this.around.breathe();
      return !this.inbox.some(({ type }) => ending.has(type));
    };
    const result = await measurements[what](run.trainer, going);
    if (result) this.around.post({ type: 'measured', run: run.id, result });
  }

  private async load(load: Load): Promise<void> {
    this.training = false;
    this.disposeRun();
    await this.backend.choose(load.backend);
    await this.begin(load);
  }

  private async begin(load: Load): Promise<void> {
    const { experiment } = load;
    const { synchronous, status } = this.backend.present!;
    const dataset = load.dataset ?? this.around.makeDataset(experiment);
    const trainer = new Trainer(experiment, dataset);
    if (load.checkpoint) await trainer.restore(experiment, load.checkpoint);
    const { selected, quiet } = load;
    const post = (event: SessionEvent) => this.around.post(event);
    const reporter = new Reporter(load.run, trainer, post, selected, quiet);
    const run: Run = {
      id: load.run,
      load,
      experiment,
      trainer,
      reporter,
      stepper: new Stepper(trainer, () => timelineOf(run.experiment), synchronous),
      saving: new Job(checkpointEveryMs, 0.05, () => this.save(run)),
      checkpoints: [await trainer.checkpoint()],
    };
    this.run = run;
    this.around.post({
      type: 'ready',
      run: run.id,
      step: trainer.step,
      backend: status,
      preview: reporter.preview(datasetInfo(experiment.dataset).view),
    });
    await reporter.complete();
  }

  private async train(run: Run): Promise<void> {
    if (!(await this.burst(run, burstMs))) return;
    const { steps, accuracy } = run.experiment.stop;
    if (steps !== undefined && run.trainer.step === steps) return this.pause(run, 'steps');
    const reached = await run.reporter.report(run.stepper, accuracy);
    if (accuracy !== undefined && reached !== undefined && reached >= accuracy)
      return this.pause(run, 'accuracy');
    await run.saving.runIfDue();
    await this.around.breathe();
  }

  /** @returns false if the run diverged */
  private async burst(run: Run, budgetMs: number): Promise<boolean> {
    const { steps = Number.POSITIVE_INFINITY } = run.experiment.stop;
    const stopAt = run.trainer.step < steps ? steps : Number.POSITIVE_INFINITY;
    const divergence = await run.stepper.burst(budgetMs, budgetMs === 0 ? run.trainer.step + 1 : stopAt);
    if (!divergence) return true;
    this.training = false;
    const target = rewindTarget(run.checkpoints, divergence.step, lastChange(run, divergence.step));
    // The page goes on from the checkpoint that it got last, which may be a later one.
    if (target !== run.checkpoints.at(-1))
      this.around.post({ type: 'checkpoint', run: run.id, checkpoint: target });
    run.checkpoints = [target];
    this.around.post({ type: 'diverged', run: run.id, rewindTo: target.step, ...divergence });
    return false;
  }

  private async pause(run: Run, reason: 'asked' | 'steps' | 'accuracy'): Promise<void> {
    this.training = false;
    await run.reporter.complete(run.stepper);
    await this.save(run);
    this.around.post({ type: 'paused', run: run.id, step: run.trainer.step, reason });
  }

  /** Keeps a checkpoint and sends it to the page, unless the weights have gone bad. */
  private async save(run: Run): Promise<void> {
    const checkpoint = await run.trainer.checkpoint();
    if (!isSound(checkpoint.tensors)) return;
    run.checkpoints = keepCheckpoint(run.checkpoints, checkpoint, lastChange(run, checkpoint.step));
    if (!run.load.quiet) this.around.post({ type: 'checkpoint', run: run.id, checkpoint });
  }

  /** After an error: on to the next backend if this one was lost, else the run stops with a sentence. */
  private async recover(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    const { run } = this;
    const wasTraining = this.training;
    this.training = false;
    try {
      if (!(await this.moveIfLost(message, wasTraining))) this.fail(run?.id, message);
    } catch (second) {
      this.fail(run?.id, second instanceof Error ? second.message : String(second));
    } finally {
      this.backend.forgive();
    }
  }

  /** @returns whether the error was the loss of the device, and the run goes on elsewhere */
  private async moveIfLost(message: string, wasTraining: boolean): Promise<boolean> {
    const { run, backend } = this;
    const reason = await backend.whyLost();
    if (reason === undefined) return false;
    const from = backend.leave();
    if (run) await this.move(run, from, reason || message);
    this.training = wasTraining;
    return true;
  }

  private async move(run: Run, from: BackendName, reason: string): Promise<void> {
    this.disposeRun();
    await this.backend.replace();
    const { experiment } = run;
    const checkpoint = run.checkpoints.at(-1)!;
    const to = this.backend.present!.status.name;
    this.around.post({ type: 'moved', run: run.id, step: checkpoint.step, from, to, reason });
    await this.begin({ ...run.load, experiment, checkpoint });
  }

  private fail(run: number | undefined, message: string): void {
    const failure = { kind: this.backend.present ? 'internal' : 'backend', message } as const;
    this.around.post({ type: 'failed', ...(run === undefined ? {} : { run }), failure });
  }

  private disposeRun(): void {
    this.run?.reporter.dispose();
    this.run?.trainer.dispose();
    this.run = undefined;
  }
}
