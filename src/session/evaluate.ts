/** Scores on the test set: accuracy, loss, predictions, confusion. */
import * as tf from '@tensorflow/tfjs-core';
import type { Labels } from '@/data/dataset';
import { resolveNetwork } from '@/experiment/network';
import { type Batch, examplesAtOnce, range, rowsOf } from './batches';
import type { NetworkName } from './networkNames';
import type { Score } from './protocol';
import type { Trainer } from './trainer';

/** Test sets up to this many values stay on the device. */
const residentValues = 2 ** 24;

export interface Evaluation extends Score {
  /** Class of each example; of a text 1 where all of its answer is right. */
  predicted: Uint8Array;
}

/** The test set in chunks, made once; `limit` bounds how many examples are looked at. */
export class TestSet {
  readonly count: number;
  /** Rows that go through the network at once. */
  private readonly chunk: number;
  private readonly resident: Batch[] | undefined;

  constructor(
    private readonly trainer: Trainer,
    limit = Number.POSITIVE_INFINITY,
    /** Whose test part is looked at. */
    private readonly dataset = trainer.dataset,
  ) {
    const { test, inputShape } = dataset;
    this.count = Math.min(test.count, limit);
    this.chunk = examplesAtOnce(resolveNetwork(trainer.present));
    const values = this.count * inputShape.reduce((a, b) => a * b, 1);
    if (values <= residentValues) this.resident = [...this.make()];
  }

  private *make(): Generator<Batch> {
    const { test, inputShape } = this.dataset;
    for (let from = 0; from < this.count; from += this.chunk)
      yield rowsOf(test, inputShape, range(from, Math.min(from + this.chunk, this.count)));
  }

  /** Scores one network. PTQ must be calibrated before. */
  async evaluate(name: NetworkName): Promise<Evaluation> {
    const { test, labelsPerExample } = this.dataset;
    const predicted = new Uint8Array(this.count);
    const tally = { right: 0, loss: 0, asked: 0, row: 0 };
    for (const batch of this.resident ?? this.make()) {
      const logits = tf.tidy(() => this.trainer.logits(name, batch.x));
      const values = await logits.data();
      logits.dispose();
      if (!this.resident) tf.dispose([batch.x, batch.y]);
      const classes = logits.shape.at(-1)!;
      const size = classes * labelsPerExample;
      for (let from = 0; from < values.length; from += size, tally.row++) {
        const at = tally.row * labelsPerExample;
        const answers = answersOf(values, from, classes, test.y.subarray(at, at + labelsPerExample));
        if (answers.right) tally.right++;
        predicted[tally.row] = labelsPerExample === 1 ? answers.last : Number(answers.right);
        tally.loss += answers.loss;
        tally.asked += answers.asked;
      }
    }
    return { accuracy: tally.right / this.count, loss: tally.loss / tally.asked, predicted };
  }

  dispose(): void {
    for (const { x, y } of this.resident ?? []) tf.dispose([x, y]);
  }
}

/**
 * How one example was answered. A text counts as right where every position that is asked about is: what its author would
 * get who takes the likeliest symbol each time, since one wrong symbol spoils the rest.
 */
function answersOf(values: ArrayLike<number>, from: number, classes: number, labels: ArrayLike<number>) {
  const answers = { right: true, last: 0, loss: 0, asked: 0 };
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0) continue;
    const at = from + i * classes;
    answers.last = argMax(values, at, classes);
    answers.right &&= answers.last === label;
    answers.loss += crossEntropy(values, at, classes, label);
    answers.asked++;
  }
  return answers;
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
