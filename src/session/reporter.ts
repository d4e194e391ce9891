/**
 * Evaluates a run from time to time and posts snapshots, each kind at its own pace and never at much cost: evaluating,
 * inspecting and painting together take less than a tenth of the time that training does, and no more while a run is young.
 */
import type { DatasetView } from '@/catalog/datasets';
import { volume } from '@/catalog/layers';
import { classCounts, type Labels, type Split } from '@/data/dataset';
import { calibrationSamples } from '@/experiment/ptq';
import { answersTo } from './attempt';
import { confusionOf, type Evaluation, TestSet } from './evaluate';
import { FieldPainter, inspect } from './inspect';
import { OscillationWatch } from './oscillation';
import { Job } from './pace';
import {
  type Attempt,
  type CurvePoint,
  type NetworkName,
  networks,
  type Predictions,
  type Preview,
  type SessionEvent,
  type Snapshot,
} from './protocol';
import type { Stepper } from './stepper';
import type { Trainer } from './trainer';

/**
 * While training, larger test sets are judged by their first examples, and by fewer where three networks take longer than
 * `liveMs` over them; a pause looks at all.
 */
const liveTestSamples = 2000;
const liveMs = 400;
const leastLive = 200;
/** An evaluation of so many ms comes at once when training starts. Before a longer one come looks of that length. */
const freeMs = 40;
/** Examples that a first look takes in at least. */
const leastLooked = 32;
/** Images and rows sent to the page; points are sent all. */
const previewSamples = 240;
const previewPoints = 4000;

export class Reporter {
  private live: TestSet;
  private readonly whole: TestSet;
  private readonly painter: FieldPainter | undefined;
  private readonly evaluating: Job;
  private readonly looking: Job;
  private readonly inspecting: Job;
  private readonly painting: Job;
  private readonly posting: Job;
  private readonly trying: Job;
  private asked: { number: number; attempt: Attempt } | null = null;
  private readonly watch = new OscillationWatch();
  /** Parts that wait for the next snapshot. */
  private parts: Pick<Snapshot, 'points'> & Partial<Snapshot> = { points: [] };
  private reached: number | undefined;
  /** ms that evaluating one example takes, and PTQ's calibration once it was measured. */
  private readonly cost: { example: number; calibration?: number } = { example: 0 };
  /** Training has begun, and its first whole evaluation has to wait. */
  private waiting = false;
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
    this.live = this.whole;
    this.judgeBy(liveTestSamples);
    this.painter =
      view === 'points' && trainer.dataset.classNames.length === 2 ? this.makePainter() : undefined;
    // The share of pictures that there are none of is the evaluation's.
    this.evaluating = new Job(100, this.painter ? 0.05 : 0.06, () => this.evaluate(this.live));
    this.looking = new Job(1000, 0.02, () => this.look());
    this.inspecting = new Job(300, 0.015, () => this.inspect());
    this.painting = new Job(200, 0.02, () => this.paint());
    this.posting = new Job(100, 0.5, () => this.flush(true));
    this.trying = new Job(150, 0.08, () => this.answer());
  }

  /** Training starts, or goes on: what is costly waits from now on, except for a look. */
  begin(): void {
    const { example, calibration = calibrationSamples * example } = this.cost;
    const fitting = 100 * Math.floor(liveMs / (networks.length * example) / 100);
    this.judgeBy(Math.min(Math.max(fitting, leastLive), liveTestSamples));
    const all = this.live.count * networks.length * example + calibration;
    if (all > freeMs) {
      this.evaluating.postpone(all);
      this.waiting = this.trainer.step === 0;
    }
    this.inspecting.postpone();
    this.painting.postpone();
  }

  /**
   * While training: does what is due.
   * @returns QAT's accuracy if it was measured now
   */
  async report(stepper: Stepper): Promise<number | undefined> {
    this.reached = undefined;
    if (this.waiting && !this.evaluating.due) await this.looking.runIfDue();
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
    await this.evaluate(this.whole, true);
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

  private async evaluate(set: TestSet, deep = false): Promise<void> {
    // Learning roundings takes seconds: at a pause.
    if (this.trainer.step > 0) {
      const start = performance.now();
      await this.trainer.calibrate(deep);
      if (!deep) this.cost.calibration = performance.now() - start;
    }
    const start = performance.now();
    this.waiting = false;
    const { qat } = await this.score(set, this.present);
    this.cost.example = (performance.now() - start) / (set.count * this.present.length);
    this.reached = qat.accuracy;
  }

  /** Evaluates the networks that are trained on so few examples that it takes little time. */
  private async look(): Promise<void> {
    const fitting = Math.floor(freeMs / (2 * this.cost.example));
    const set = new TestSet(this.trainer, Math.min(Math.max(fitting, leastLooked), this.live.count));
    const isFew = set.count < this.live.count;
    try {
      await this.score(set, ['float', 'qat'], isFew ? { few: true } : {});
    } finally {
      set.dispose();
    }
  }

  /** Scores networks for the next snapshot. */
  private async score(
    set: TestSet,
    names: readonly NetworkName[],
    more: Pick<CurvePoint, 'few'> = {},
  ): Promise<CurvePoint> {
    const { step, dataset } = this.trainer;
    const results: Record<NetworkName, Evaluation | null> = { float: null, ptq: null, qat: null };
    for (const name of names) results[name] = await set.evaluate(name);
    const score = (evaluation: Evaluation) => ({ accuracy: evaluation.accuracy, loss: evaluation.loss });
    const { float, qat, ptq } = results;
    const point = { step, float: score(float!), qat: score(qat!), ptq: ptq && score(ptq), ...more };
    this.parts.points = [...this.parts.points, point];
    this.parts.predictions = predictionsOf(results, dataset.test.y, dataset.classNames.length);
    return point;
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

  /** Takes so many examples into an evaluation while it trains. */
  private judgeBy(examples: number): void {
    const count = Math.min(examples, this.whole.count);
    if (count === this.live.count) return;
    if (this.live !== this.whole) this.live.dispose();
    this.live = count === this.whole.count ? this.whole : new TestSet(this.trainer, count);
  }

  dispose(): void {
    if (this.live !== this.whole) this.live.dispose();
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
