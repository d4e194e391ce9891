/**
 * Takes steps: makes the changes that are due, trains both twins, watches for NaN. On a synchronous backend every loss
 * is seen before its update; on WebGPU a burst's losses are kept in a ring and read at its end, because a read after every
 * step would stall the device.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Change } from '@/experiment/schema';
import { LossRing } from './lossRing';
import { StepTime } from './pace';
import type { Trainer } from './trainer';

const twins = ['float', 'qat'] as const;
export type Twin = (typeof twins)[number];

/** Training found a loss that is NaN or infinite. */
export interface Divergence {
  /** Steps done before the one that failed. */
  step: number;
  layer: string;
  network: Twin;
}

/** Blocks of steps whose times the medians are taken of. */
const timedBlocks = 21;
/** Longest burst on a device that is read at the end only. */
const maxQueuedSteps = 256;
/** Bursts from one measurement of a read's latency to the next. */
const burstsPerLatency = 32;

export class Stepper {
  readonly times: Record<Twin, StepTime> = {
    float: new StepTime(timedBlocks),
    qat: new StepTime(timedBlocks),
  };
  private queued = 4;
  private bursts = 0;
  private latency = 0;

  /** @param trained a run whose float twin is known from another run leaves it out */
  constructor(
    private readonly trainer: Trainer,
    private readonly changes: () => readonly Change[],
    private readonly synchronous: boolean,
    private readonly trained: readonly Twin[] = twins,
  ) {}

  /**
   * Steps for about `budgetMs`, at least once, and not beyond `stopAt` steps.
   * @returns the divergence that ended it, if any
   */
  async burst(budgetMs: number, stopAt: number): Promise<Divergence | undefined> {
    return this.synchronous ? this.checked(budgetMs, stopAt) : this.queue(budgetMs, stopAt);
  }

  /** Makes the changes recorded for the present step (of a link or a replay). */
  private async makeDueChanges(): Promise<void> {
    const { step } = this.trainer;
    // Those of step 0 are settings that the run started with.
    if (step === 0) return;
    for (const change of this.changes()) if (change.step === step) await this.trainer.edit(change);
  }

  private async checked(budgetMs: number, stopAt: number): Promise<Divergence | undefined> {
    const end = performance.now() + budgetMs;
    do {
      const divergence = await this.checkedStep();
      if (divergence) return divergence;
    } while (performance.now() < end && this.trainer.step < stopAt);
    return undefined;
  }

  private async checkedStep(): Promise<Divergence | undefined> {
    await this.makeDueChanges();
    const batch = this.trainer.nextBatch();
    try {
      for (const twin of this.trained) {
        const start = performance.now();
        let finite = true;
        this.trainer
          .train(twin, batch, (loss) => {
            finite = Number.isFinite(loss.dataSync()[0]);
            return finite;
          })
          .dispose();
        if (!finite)
          return {
            step: this.trainer.step,
            network: twin,
            layer: await this.trainer.firstBrokenLayer(twin, batch),
          };
        this.times[twin].add(performance.now() - start);
      }
    } finally {
      tf.dispose([batch.x, batch.y]);
    }
    this.trainer.advance();
    return undefined;
  }

  /** Takes a burst of one twin, then the same of the other: each ends with the one read that its time is measured by. */
  private async queue(budgetMs: number, stopAt: number): Promise<Divergence | undefined> {
    await this.makeDueChanges();
    const { trainer } = this;
    const first = trainer.step;
    const nextChange = Math.min(
      ...this.changes().flatMap(({ step }) => (step > first ? [step] : [])),
      Number.POSITIVE_INFINITY,
    );
    const count = Math.min(this.queued, stopAt - first, nextChange - first);
    let elapsed = 0;
    let diverged: { step: number; network: Twin } | undefined;
    for (const network of twins) {
      const { losses, ms } = await this.queueTwin(network, first, count);
      elapsed += ms;
      const at = losses.findIndex((loss) => !Number.isFinite(loss));
      if (at >= 0 && first + at < (diverged?.step ?? Infinity)) diverged = { step: first + at, network };
    }
    trainer.advance(count);
    const fitting = Math.round((count * budgetMs) / elapsed);
    this.queued = Math.max(1, Math.min(fitting, 2 * this.queued, maxQueuedSteps));
    if (!diverged) return undefined;
    const batch = trainer.nextBatch();
    const layer = await trainer.firstBrokenLayer(diverged.network, batch);
    tf.dispose([batch.x, batch.y]);
    return { ...diverged, layer };
  }

  /** Queues the steps of a twin. @returns their losses, and the ms that the device took */
  private async queueTwin(
    twin: Twin,
    first: number,
    count: number,
  ): Promise<{ losses: Float32Array; ms: number }> {
    const { trainer } = this;
    const ring = new LossRing(count);
    try {
      const start = performance.now();
      let checked = false;
      for (let i = 0; i < count; i++) {
        const batch = trainer.batchAt(first + i);
        const loss = trainer.train(twin, batch);
        ring.put(loss, i);
        tf.dispose([loss, batch.x, batch.y]);
        const verdict = trainer.verdict(twin);
        if (!verdict) continue;
        checked = true;
        await verdict;
      }
      const losses = await ring.read();
      const elapsed = performance.now() - start;
      if (this.bursts++ % burstsPerLatency === 0) await this.measureLatency(ring);
      const ms = Math.max(elapsed - this.latency, elapsed / 10);
      // A step that was checked was taken twice.
      if (!checked) this.times[twin].add(ms, count);
      return { losses, ms };
    } finally {
      ring.dispose();
    }
  }

  /** What a read takes when there is nothing to wait for, so that it is not mistaken for work. */
  private async measureLatency(ring: LossRing): Promise<void> {
    const start = performance.now();
    await ring.read();
    this.latency = performance.now() - start;
  }
}
