/**
 * Takes steps: makes the changes that are due, trains both twins, watches for NaN. On a synchronous backend every loss
 * is seen before its update; on WebGPU a burst is checked at its end, because a read after every step would stall the
 * device.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Experiment } from '@/experiment/schema';
import { Median } from './pace';
import type { Trainer } from './trainer';

const twins = ['float', 'qat'] as const;
type Twin = (typeof twins)[number];

/** Training found a loss that is NaN or infinite. */
export interface Divergence {
  /** Steps done before the one that failed. */
  step: number;
  layer: string;
  network: Twin;
}

/** Steps whose times the medians are taken of. */
const timedSteps = 41;
/** Longest burst on a device that is read at the end only. */
const maxQueuedSteps = 64;

export class Stepper {
  readonly times: Record<Twin, Median> = { float: new Median(timedSteps), qat: new Median(timedSteps) };
  private queued = 4;

  constructor(
    private readonly trainer: Trainer,
    private readonly changes: () => Experiment['changes'],
    private readonly synchronous: boolean,
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
    for (const change of this.changes())
      if (change.step === this.trainer.step) await this.trainer.edit(change);
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
      for (const twin of twins) {
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

  private async queue(budgetMs: number, stopAt: number): Promise<Divergence | undefined> {
    const losses: Record<Twin, tf.Scalar[]> = { float: [], qat: [] };
    const first = this.trainer.step;
    const count = Math.min(this.queued, stopAt - first);
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      await this.makeDueChanges();
      const batch = this.trainer.nextBatch();
      // The first step of a burst is timed, by waiting for each twin.
      for (const twin of twins) {
        const before = performance.now();
        const loss = this.trainer.train(twin, batch);
        losses[twin].push(loss);
        if (i === 0) {
          await loss.data();
          this.times[twin].add(performance.now() - before);
        }
      }
      tf.dispose([batch.x, batch.y]);
      this.trainer.advance();
    }
    const values = await Promise.all(twins.map((twin) => tf.tidy(() => tf.stack(losses[twin])).data()));
    tf.dispose([losses.float, losses.qat]);
    const elapsed = performance.now() - start;
    this.queued = Math.max(1, Math.min(maxQueuedSteps, Math.round((count * budgetMs) / elapsed)));
    for (let i = 0; i < count; i++)
      for (const [k, twin] of twins.entries())
        if (!Number.isFinite(values[k]![i])) {
          const batch = this.trainer.nextBatch();
          const layer = await this.trainer.firstBrokenLayer(twin, batch);
          tf.dispose([batch.x, batch.y]);
          return { step: first + i, network: twin, layer };
        }
    return undefined;
  }
}
