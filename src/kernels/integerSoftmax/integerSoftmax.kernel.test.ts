import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expFloat32 } from '../attentionSoftmax/exp';
import { backends, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, read } from '../testing/tensors';
import { integerSoftmax } from './index';

/** Written down from the documentation, with big integers. */
function expected(
  scores: readonly number[],
  [queries, keys]: readonly [number, number],
  scale: number,
  causal: boolean,
): number[] {
  return Array.from({ length: scores.length / keys }, (_, row) => {
    const seen = scores.slice(row * keys, row * keys + (causal ? (row % queries) + 1 : keys));
    const largest = Math.max(...seen);
    const e = seen.map((score) =>
      BigInt(nearestEven(expFloat32(Math.fround((score - largest) * Math.fround(scale))) * 2 ** 15)),
    );
    const total = e.reduce((a, b) => a + b);
    return Array.from({ length: keys }, (_, k) => Number((((e[k] ?? 0n) << 16n) + total / 2n) / total));
  }).flat();
}

const shapes: [number[], boolean][] = [
  [[1, 1], true],
  [[2, 3, 5], false],
  [[2, 2, 7, 7], true],
  [[8, 4, 32, 32], true],
  [[1, 70, 70], false],
];

describe.each(backends)('integer softmax on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes)('shares of shape %j, causal: %s', async (shape, causal) => {
    const size = shape.slice(-2) as [number, number];
    for (const [range, scale] of [
      [255, 0.07],
      [32_000, 2 ** -8],
      [1, 3],
    ] as const) {
      const scores = Array.from(randomIntegers(tf.util.sizeFromShape(shape), range, -range, range));
      const found = integerSoftmax(tf.tensor(scores, shape), tf.tensor1d([scale]), causal);
      expect(await read(found)).toEqual(expected(scores, size, scale, causal));
    }
  });

  test('are those of the softmax, to a few steps', async () => {
    const scores = Array.from(randomIntegers(40, 3, 0, 255));
    const found = await read(integerSoftmax(tf.tensor(scores, [1, 40]), tf.tensor1d([0.03]), false));
    const exponentials = scores.map((score) => Math.exp(score * 0.03));
    const total = exponentials.reduce((a, b) => a + b);
    found.forEach((share, k) => {
      expect(Math.abs(share - (exponentials[k]! / total) * 2 ** 16)).toBeLessThan(2);
    });
  });

  test('NaN spreads over its row alone, and nothing is left behind', async () => {
    const scores = tf.tensor([1, Number.NaN, 3, 3], [2, 2]);
    const found = await read(integerSoftmax(scores, tf.tensor1d([1]), false));
    expect(found).toEqual([Number.NaN, Number.NaN, 2 ** 15, 2 ** 15]);
    expectNoLeak(() => integerSoftmax(tf.ones([2, 3]), tf.tensor1d([1]), false));
  });
});
