import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, read } from '../testing/tensors';

const size = tf.util.sizeFromShape;

/** `of` applied to a and b, broadcast, from the definition. */
function reference(a: tf.Tensor, b: tf.Tensor, of: (x: number, y: number) => number): number[] {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const [x, y] = [a.dataSync(), b.dataSync()];
  const place = (own: number[], n: number) => {
    let at = 0;
    let rest = n;
    let step = 1;
    for (let i = 1; i <= shape.length; i++) {
      const length = shape.at(-i)!;
      const mine = own.at(-i) ?? 1;
      if (mine > 1) at += (rest % length) * step;
      if (i <= own.length) step *= mine;
      rest = Math.floor(rest / length);
    }
    return at;
  };
  return Array.from({ length: size(shape) }, (_, n) => of(x[place(a.shape, n)]!, y[place(b.shape, n)]!));
}

const pairs: [number[], number[]][] = [
  [[], []],
  [[1], [1]],
  [[7], []],
  [[], [9]],
  [
    [3, 5],
    [3, 5],
  ],
  [[3, 5], [5]],
  [[5], [3, 5]],
  [[3, 5], [1]],
  [
    [3, 5],
    [3, 1],
  ],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 3, 8],
    [3, 8],
  ],
  [
    [2, 3, 8],
    [1, 3, 8],
  ],
  [
    [2, 3, 8],
    [2, 1, 8],
  ],
  [[2, 3, 4, 5], [5]],
  [[0, 3], [3]],
];

describe.each(backends.filter((name) => name !== 'webgpu'))('sums and products on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(pairs)('%j and %j', async (left, right) => {
    const a = tf.tensor(randomIntegers(size(left), 1, -99, 99), left, 'float32');
    const b = tf.tensor(randomIntegers(size(right), 2, -99, 99), right, 'float32');
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(left, right);
    expect([tf.add(a, b).shape, tf.mul(a, b).shape]).toEqual([shape, shape]);
    expect(await read(tf.add(a, b))).toEqual(reference(a, b, (x, y) => x + y + 0));
    expect(await read(tf.mul(a, b))).toEqual(reference(a, b, (x, y) => x * y + 0));
  });

  test('integers too', async () => {
    const a = tf.tensor1d([2 ** 24 + 1, -3], 'int32');
    const sum = tf.add(a, tf.tensor1d([1, 1], 'int32'));
    expect(sum.dtype).toBe('int32');
    expect(await read(sum)).toEqual([2 ** 24 + 2, -2]);
  });

  test('NaN and infinity stay what they are', async () => {
    const a = tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY, 0, 1, Number.NaN]);
    expect(await read(tf.add(a, 1))).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 1, 2, Number.NaN]);
    expect(await read(tf.mul(a, 0))).toEqual([Number.NaN, Number.NaN, 0, 0, Number.NaN]);
  });

  test('nothing is left behind', () => {
    const [a, b] = [tf.zeros([4, 3]), tf.zeros([3])];
    expectNoLeak(() => tf.mul(tf.add(a, b), b));
  });
});
