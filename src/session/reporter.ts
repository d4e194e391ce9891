/**
 * Evaluates a run from time to time and posts snapshots, each kind at its own pace and never at much cost: evaluating,
 * inspecting and painting together take less than a tenth of the time that training does.
 */
import type { DatasetView } from '@/catalog/datasets';
import { volume } from '@/catalog/layers';
import { classCounts, type Labels, type Split } from '@/data/dataset';
import { answersTo } from './attempt';
import { confusionOf, type Evaluation, TestSet } from './evaluate';
import { FieldPainter, inspect } from './inspect';
import { type Judging, LiveTest } from './liveTest';
import { type NetworkName, networks } from './networkNames';
import { OscillationWatch } from './oscillation';
import { Job } from './pace';
import type { Attempt, Predictions, Preview, SessionEvent, Snapshot } from './protocol';
import type { Stepper } from './stepper';
import type { Trainer } from './trainer';

/** Of the time, for histograms; the first of them comes after so many ms of training. */
const inspectingShare = 0.02;
const firstInspectionMs = 1000;
/** Images and rows sent to the page; points are sent all. */
const previewSamples = 240;
const previewPoints = 4000;

export class Reporter {
  private readonly live: LiveTest;
  private readonly whole: TestSet;
  private readonly painter: FieldPainter | undefined;
  private readonly evaluating: Job;
  private readonly inspecting: Job;
  private readonly painting: Job;
  private readonly posting: Job;
  private readonly trying: Job;
  private asked: { number: number; attempt: Attempt } | null = null;
  private readonly watch = new OscillationWatch();
  /** Parts that wait for the next snapshot. */
  private parts: Pick<Snapshot, 'points'> & Partial<Snapshot> = { points: [] };
  private reached: number | undefined;
  /** ms that the run has trained for before it went on last, and when it did. */
  private readonly trained = { ms: 0, since: undefined as number | undefined };
  /** Nothing was judged since training began. */
  private first = true;
  /** Accuracy that the run stops at. */
  private target = Number.POSITIVE_INFINITY;
  private rate = { step: 0, time: performance.now(), perSecond: 0 };

  constructor(
    private readonly run: number,
    private readonly trainer: Trainer,
    private readonly post: (event: SessionEvent) => void,
    private selected: string | undefined,
    private readonly quiet = false,
  ) {
    const { view } = trainer.dataset;
    this.whole = new TestSet(trainer);
    this.painter =
      view === 'points' && trainer.dataset.classNames.length === 2 ? this.makePainter() : undefined;
    // The share of pictures that there are none of is the evaluation's.
    this.live = new LiveTest(trainer, this.whole, this.painter ? 0.05 : 0.06);
    this.evaluating = new Job(100, this.live.share, () => this.judge());
    this.inspecting = new Job(300, inspectingShare, () => this.inspect());
    this.painting = new Job(200, 0.02, () => this.paint());
    this.posting = new Job(100, 0.5, () => this.flush(true));
    this.trying = new Job(150, 0.08, () => this.answer());
  }

  /** Training starts, or goes on: what is costly waits from now on, except for a first look at accuracy. */
  begin(): void {
    this.trained.since = performance.now();
    this.first = this.trainer.step === 0;
    if (!this.first) this.evaluating.postpone();
    this.inspecting.postpone(inspectingShare * firstInspectionMs);
    this.painting.postpone();
  }

  /**
   * While training: does what is due.
   * @param target accuracy that the run stops at
   * @returns QAT's accuracy if it was measured now, on few examples only if it is below the target
   */
  async report(stepper: Stepper, target = Number.POSITIVE_INFINITY): Promise<number | undefined> {
    this.reached = undefined;
    this.target = target;
    await this.evaluating.runIfDue();
    if (!this.quiet) {
      await this.inspecting.runIfDue();
      await this.painting.runIfDue();
    }
    if (this.asked) await this.trying.runIfDue();
    this.stepMs = { float: stepper.times.float.value, qat: stepper.times.qat.value };
    await this.posting.runIfDue();
    return this.reached;
  }

  /** When paused: everything, on the whole test set. */
  async complete(stepper?: Stepper): Promise<void> {
    const { trained } = this;
    if (trained.since !== undefined) trained.ms += performance.now() - trained.since;
    trained.since = undefined;
    await this.evaluate(
      { set: this.whole, names: this.present, calibrating: Number.POSITIVE_INFINITY },
      true,
    );
    await this.inspecting.run();
    await this.painting.run();
    await this.answer();
    if (stepper) this.stepMs = { float: stepper.times.float.value, qat: stepper.times.qat.value };
    this.flush(false);
  }

  async select(layer: string): Promise<void> {
    this.selected = layer;
    await this.inspect();
    this.flush(false, true);
  }

  /** Answers an attempt now, and from time to time while it trains, until another comes or null. */
  async try(asked: { number: number; attempt: Attempt } | null): Promise<void> {
    this.asked = asked;
    if (!asked) return;
    await this.trying.run();
    this.flush(false, true);
  }

  private async answer(): Promise<void> {
    if (!this.asked) return;
    const { number, attempt } = this.asked;
    if (this.trainer.step > 0) await this.trainer.freshPtq();
    const answers = await answersTo(this.trainer, attempt, this.present);
    if (answers) this.parts.tried = { attempt: number, answers };
  }

  /** The networks that can be evaluated: before the first step there is nothing trained to round. */
  private get present(): readonly NetworkName[] {
    return this.trainer.step === 0 ? ['float', 'qat'] : networks;
  }

  private stepMs = { float: 0, qat: 0 };

  /** Evaluates on as much of the test set as the run's age allows. */
  private async judge(): Promise<void> {
    const { ms, since = performance.now() } = this.trained;
    const judging = this.live.next(ms + performance.now() - since, this.first);
    this.first = false;
    const accuracy = await this.evaluate(judging);
    const { most } = this.live;
    // What few examples say may be luck.
    const all = { set: most, names: networks, calibrating: Number.POSITIVE_INFINITY };
    const mayBeLuck = judging.set !== most && accuracy >= this.target;
    this.reached = mayBeLuck ? await this.evaluate(all) : accuracy;
  }

  /** Scores networks for the next snapshot. @returns QAT's accuracy */
  private async evaluate({ set, names, calibrating }: Judging, deep = false): Promise<number> {
    const { step, dataset } = this.trainer;
    // Learning roundings takes seconds: at a pause.
    if (names.includes('ptq')) await this.trainer.calibrate(deep, calibrating);
    const start = performance.now();
    const results: Record<NetworkName, Evaluation | null> = { float: null, ptq: null, qat: null };
    for (const name of names) results[name] = await set.evaluate(name);
    this.live.took(performance.now() - start, set.count * names.length);
    const score = (evaluation: Evaluation) => ({ accuracy: evaluation.accuracy, loss: evaluation.loss });
    const { float, qat, ptq } = results;
    const point = { step, float: score(float!), qat: score(qat!), ptq: ptq && score(ptq) };
    this.parts.points = [...this.parts.points, point];
    this.parts.predictions = predictionsOf(results, dataset.test.y, dataset.classNames.length);
    return qat!.accuracy;
  }

  private async inspect(): Promise<void> {
    const { layers, detail } = await inspect(this.trainer, this.selected, this.watch);
    this.parts.layers = layers;
    if (detail) this.parts.detail = detail;
  }

  private async paint(): Promise<void> {
    if (!this.painter || this.quiet) return;
    // PTQ's ranges are those of the last evaluation, unless settings have changed since.
    if (this.trainer.step > 0) await this.trainer.freshPtq();
    this.parts.fields = await this.painter.paint(this.present);
  }

  private flush(running: boolean, keepState = false): void {
    const { step, order } = this.trainer;
    const now = performance.now();
    if (!running && !keepState) this.rate = { step, time: now, perSecond: this.rate.perSecond };
    else if (now - this.rate.time > 500)
      this.rate = { step, time: now, perSecond: (1000 * (step - this.rate.step)) / (now - this.rate.time) };
    const eager = this.trainer.whyEager;
    const snapshot: Snapshot = {
      step,
      stepsPerEpoch: order.stepsPerEpoch,
      running,
      stepsPerSecond: this.rate.perSecond,
      stepMs: this.stepMs,
      ...(eager === undefined ? {} : { eager }),
      ...this.parts,
    };
    this.parts = { points: [] };
    this.post({ type: 'snapshot', run: this.run, snapshot });
  }

  preview(view: DatasetView): Preview {
    const { train, validation, test, inputShape, classNames, labelsPerExample } = this.trainer.dataset;
    const most = view === 'points' ? previewPoints : previewSamples;
    const cut = ({ count, x, y }: Split) => {
      const kept = Math.min(count, most);
      return {
        count: kept,
        x: x.slice(0, kept * volume(inputShape)),
        y: y.slice(0, kept * labelsPerExample),
      };
    };
    const counts = (part: Split) => classCounts(part, classNames.length);
    const balance = { train: counts(train), validation: counts(validation), test: counts(test) };
    return { test: cut(test), train: cut(train), shape: inputShape, classNames, balance };
  }

  /** A field that holds all points, with a margin. */
  private makePainter(): FieldPainter {
    const { train, test } = this.trainer.dataset;
    let extent = 0;
    for (const { x } of [train, test]) for (const value of x) extent = Math.max(extent, Math.abs(value));
    return new FieldPainter(this.trainer, extent * 1.05 || 1);
  }

  dispose(): void {
    this.live.dispose();
    this.whole.dispose();
    this.painter?.dispose();
  }
}

function predictionsOf(
  results: Record<NetworkName, Evaluation | null>,
  truth: Labels,
  classes: number,
): Predictions {
  const of = <T>(make: (evaluation: Evaluation) => T, none: T) =>
    Object.fromEntries(networks.map((name) => [name, results[name] ? make(results[name]) : none])) as Record<
      NetworkName,
      T
    >;
  return {
    classes: of((evaluation) => evaluation.predicted, new Uint8Array()),
    confusion: of((evaluation) => confusionOf(truth, evaluation.predicted, classes), []),
  };
}
