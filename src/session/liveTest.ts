/**
 * How much of the test set is judged while a run trains: few examples while it is young, so that its curves begin at once,
 * and all as soon as that takes a small share of the time.
 */
import { calibrationSamples } from '@/experiment/ptq';
import { TestSet } from './evaluate';
import { type NetworkName, networks } from './networkNames';
import type { Trainer } from './trainer';

/** Larger test sets are judged by their first examples; a pause looks at all. */
const mostExamples = 2000;
const fewestExamples = 32;
/** Examples that PTQ's ranges are found on at least. */
const fewestCalibrating = 64;
/** An evaluation is wished for every so many ms, the oftener the younger the run. */
const soonest = 250;
const latest = 2500;
const perAge = 1 / 8;
/** What the first of all may take, in ms. */
const firstMs = 40;

export interface Judging {
  set: TestSet;
  names: readonly NetworkName[];
  /** Examples that PTQ is calibrated on, at most. */
  calibrating: number;
}

export class LiveTest {
  /** The set that is judged at most. */
  readonly most: TestSet;
  private few: TestSet | undefined;
  private isAll = false;
  /** ms that one example takes on its way through a network. */
  private msEach = 0;

  /**
   * @param whole the whole test set, which stays the caller's
   * @param share of the time that evaluating may take
   */
  constructor(
    private readonly trainer: Trainer,
    private readonly whole: TestSet,
    readonly share: number,
  ) {
    this.most = whole.count > mostExamples ? new TestSet(trainer, mostExamples) : whole;
  }

  /** Learns from so many examples that went through a network in so many ms. */
  took(ms: number, examples: number): void {
    this.msEach = ms / examples;
  }

  /** @param isFirst nothing was judged since training began: PTQ, which needs calibrating, can wait */
  next(ageMs: number, isFirst: boolean): Judging {
    const all = this.msEach * (this.most.count * networks.length + calibrationSamples);
    const first = isFirst && all > firstMs;
    const wished = Math.min(Math.max(ageMs * perAge, soonest), latest);
    const passes = (first ? firstMs : this.share * wished) / this.msEach;
    const names = first ? (['float', 'qat'] as const) : networks;
    // As many examples calibrate as are judged.
    const fitting = passes / (names.length + (first ? 0 : 1));
    const set = this.fitting(fitting);
    return {
      set,
      names,
      calibrating: set === this.most ? Number.POSITIVE_INFINITY : Math.max(set.count, fewestCalibrating),
    };
  }

  /**
   * The largest set of a power of two examples, so that few are made; all, where they fit. It never shrinks: the same
   * examples, and more, are judged again.
   */
  private fitting(examples: number): TestSet {
    const least = this.few?.count ?? fewestExamples;
    const count = Math.max(least, 2 ** Math.floor(Math.log2(examples)));
    if (this.isAll || examples >= this.most.count || count >= this.most.count) {
      this.isAll = true;
      return this.most;
    }
    if (this.few?.count !== count) {
      this.few?.dispose();
      this.few = new TestSet(this.trainer, count);
    }
    return this.few;
  }

  dispose(): void {
    this.few?.dispose();
    if (this.most !== this.whole) this.most.dispose();
  }
}
