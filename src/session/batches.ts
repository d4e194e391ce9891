/** Which examples each step trains on: a new seeded permutation every epoch, so that any step can be found again. */
import * as tf from '@tensorflow/tfjs-core';
import { type Shape, volume } from '@/catalog/layers';
import type { Split } from '@/data/dataset';
import { stream } from '@/data/random';
import type { ResolvedLayer } from '@/experiment/network';

export interface Batch {
  /** [batch, ...inputShape] */
  x: tf.Tensor;
  /** [batch x labels of each example], int32; -1 where nothing is asked. */
  y: tf.Tensor1D;
}

/** The rows of a split as tensors; bytes become value / 255. The caller disposes them. */
export function rowsOf(split: Split, inputShape: Shape, rows: ArrayLike<number>): Batch {
  const size = volume(inputShape);
  const values = new Float32Array(rows.length * size);
  const perExample = split.count === 0 ? 1 : split.y.length / split.count;
  const labels = new Int32Array(rows.length * perExample);
  const unit = split.x instanceof Uint8Array ? 255 : 1;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    labels.set(split.y.subarray(row * perExample, (row + 1) * perExample), i * perExample);
    const from = row * size;
    const to = i * size;
    for (let k = 0; k < size; k++) values[to + k] = split.x[from + k]! / unit;
  }
  return { x: tf.tensor(values, [rows.length, ...inputShape]), y: tf.tensor1d(labels, 'int32') };
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

/** Values of a network's largest site that are in work at once: its chunks stay near the processor. */
const valuesAtOnce = 2 ** 19;
const leastAtOnce = 32;

/** How many examples go through a network at once where nothing else says so. */
export function examplesAtOnce(layers: readonly ResolvedLayer[]): number {
  const sizes = layers.flatMap(({ inputShape, outputShape, siteShapes }) =>
    [inputShape, outputShape, ...Object.values(siteShapes)].map((shape) => volume(shape)),
  );
  return Math.max(leastAtOnce, Math.floor(valuesAtOnce / Math.max(...sizes)));
}

/** The order in which training examples are drawn. The last, short batch of an epoch is left out. */
export class BatchOrder {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  private epoch = -1;
  private permutation: Int32Array = new Int32Array();

  constructor(
    private readonly seed: number,
    private readonly count: number,
    batchSize: number,
  ) {
    this.batchSize = Math.min(batchSize, count);
    this.stepsPerEpoch = Math.floor(count / this.batchSize);
  }

  /** Rows of the batch that step number `step` (from 0) trains on. */
  rows(step: number): Int32Array {
    const { order, from } = this.place(step);
    return order.subarray(from, from + this.batchSize);
  }

  /** Where those rows begin in the order of their epoch, which is a new array for each. */
  place(step: number): { order: Int32Array; from: number } {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (epoch !== this.epoch) {
      this.permutation = stream(this.seed, `order/${epoch}`).permutation(this.count);
      this.epoch = epoch;
    }
    return { order: this.permutation, from: (step % this.stepsPerEpoch) * this.batchSize };
  }
}
