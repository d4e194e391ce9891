/** Scores on the test set: accuracy, loss, predictions, confusion. */
import * as tf from '@tensorflow/tfjs-core';
import type { Labels } from '@/data/dataset';
import { type Batch, range, rowsOf } from './batches';
import type { NetworkName, Score } from './protocol';
import type { Trainer } from './trainer';

/** Rows that go through the network at once. */
const chunk = 500;
/** Test sets up to this many values stay on the device. */
const residentValues = 2 ** 24;

export interface Evaluation extends Score {
  predicted: Uint8Array;
}

/** The test set in chunks, made once; `limit` bounds how many examples are looked at. */
export class TestSet {
  readonly count: number;
  private readonly resident: Batch[] | undefined;

  constructor(
    private readonly trainer: Trainer,
    limit = Number.POSITIVE_INFINITY,
  ) {
    const { test, inputShape } = trainer.dataset;
    this.count = Math.min(test.count, limit);
    const values = this.count * inputShape.reduce((a, b) => a * b, 1);
    if (values <= residentValues) this.resident = [...this.make()];
  }

  private *make(): Generator<Batch> {
    const { test, inputShape } = this.trainer.dataset;
    for (let from = 0; from < this.count; from += chunk)
      yield rowsOf(test, inputShape, range(from, Math.min(from + chunk, this.count)));
  }

  /** Scores one network. PTQ must be calibrated before. */
  async evaluate(name: NetworkName): Promise<Evaluation> {
    const { y } = this.trainer.dataset.test;
    const predicted = new Uint8Array(this.count);
    let right = 0;
    let loss = 0;
    let row = 0;
    for (const batch of this.resident ?? this.make()) {
      const logits = tf.tidy(() => this.trainer.logits(name, batch.x));
      const values = await logits.data();
      logits.dispose();
      if (!this.resident) tf.dispose([batch.x, batch.y]);
      const classes = logits.shape.at(-1)!;
      for (let from = 0; from < values.length; from += classes, row++) {
        const best = argMax(values, from, classes);
        predicted[row] = best;
        if (best === y[row]) right++;
        loss += crossEntropy(values, from, classes, y[row]!);
      }
    }
    return { accuracy: right / this.count, loss: loss / this.count, predicted };
  }

  dispose(): void {
    for (const { x, y } of this.resident ?? []) tf.dispose([x, y]);
  }
}

function argMax(values: ArrayLike<number>, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}

/** -log softmax(values)[label] in nats. */
function crossEntropy(values: ArrayLike<number>, from: number, count: number, label: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) max = Math.max(max, values[from + i]!);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp(values[from + i]! - max);
  return Math.log(sum) + max - values[from + label]!;
}

/** Row-major counts, true class x predicted class. */
export function confusionOf(truth: Labels, predicted: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes * classes).fill(0);
  predicted.forEach((p, i) => {
    counts[truth[i]! * classes + p]!++;
  });
  return counts;
}
