import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, read } from '../testing/tensors';

/** The elements of a tensor whose places lie in the window. */
function window(values: ArrayLike<number>, shape: number[], begin: number[], size: number[]): number[] {
  const strides = shape.map((_, i) => tf.util.sizeFromShape(shape.slice(i + 1)));
  return Array.from(values).filter((_, n) =>
    shape.every((length, i) => {
      const place = Math.floor(n / strides[i]!) % length;
      return place >= begin[i]! && place < begin[i]! + size[i]!;
    }),
  );
}

/** Shape, begin and size. */
const slices: [number[], number[], number[]][] = [
  [[1], [0], [1]],
  [[7], [2], [3]],
  [[7], [3], [0]],
  [
    [3, 5],
    [0, 4],
    [3, 1],
  ],
  [
    [3, 5],
    [1, 0],
    [2, 5],
  ],
  [
    [3, 5],
    [1, 2],
    [2, 2],
  ],
  [
    [4, 3, 5],
    [0, 1, 0],
    [4, 1, 5],
  ],
  [
    [4, 3, 5],
    [0, 0, 0],
    [4, 3, 5],
  ],
  [
    [2, 3, 4, 5],
    [0, 0, 1, 0],
    [2, 3, 2, 5],
  ],
  [
    [2, 3, 4, 5],
    [1, 0, 1, 2],
    [1, 3, 2, 2],
  ],
];

describe.each(backends)('slices and unstacked tensors on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe.each(['float32', 'int32'] as const)('of %s', (type) => {
    test.each(slices)('the part of %j from %j on of %j', async (shape, begin, size) => {
      const values = randomIntegers(tf.util.sizeFromShape(shape), 1, -99, 99);
      const part = tf.slice(tf.tensor(values, shape, type), begin, size);
      expect([part.shape, part.dtype]).toEqual([size, type]);
      expect(await read(part)).toEqual(window(values, shape, begin, size));
    });

    test.each([
      [[1], 0],
      [[4], 0],
      [[3, 5], 0],
      [[3, 5], 1],
      [[4, 3, 5], 1],
      [[4, 3, 5], -1],
      [[2, 3, 4, 5], 2],
      [[2, 3, 4, 5], -4],
    ])('%j taken apart along axis %i', async (shape, axis) => {
      const values = randomIntegers(tf.util.sizeFromShape(shape), 2, -99, 99);
      const parts = tf.unstack(tf.tensor(values, shape, type), axis);
      expect(parts).toHaveLength(shape.at(axis)!);
      for (const [i, part] of parts.entries()) {
        const begin = shape.map(() => 0).with(axis, i);
        expect([part.shape, part.dtype]).toEqual([shape.toSpliced(axis, 1), type]);
        expect(await read(part)).toEqual(window(values, shape, begin, shape.with(axis, 1)));
      }
    });
  });

  test('booleans too', async () => {
    const flags = tf.tensor2d([true, false, false, true], [2, 2], 'bool');
    expect(await read(tf.slice(flags, [0, 1], [2, 1]))).toEqual([0, 1]);
    expect(await read(tf.unstack(flags, 1)[0]!)).toEqual([1, 0]);
  });

  test('a part beyond the end is refused', () => {
    expect(() => tf.slice(tf.zeros([3, 5]), [0, 3], [3, 4])).toThrow('Error in slice2D');
  });

  test('nothing is left behind', () => {
    const x = tf.zeros([4, 3, 5]);
    expectNoLeak(() => tf.slice(x, [0, 1, 0], [4, 1, 5]));
    expectNoLeak(() => tf.unstack(x, 1));
  });
});
