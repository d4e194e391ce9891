import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, read } from '../testing/tensors';

const size = tf.util.sizeFromShape;
const strides = (shape: number[]) => shape.map((_, i) => size(shape.slice(i + 1)));

/** Values with the axes in another order. */
function transposed(values: ArrayLike<number>, shape: number[], perm: number[]): number[] {
  const from = strides(shape);
  const outShape = perm.map((axis) => shape[axis]!);
  const to = strides(outShape);
  return Array.from({ length: size(shape) }, (_, n) => {
    const places = outShape.map((length, i) => Math.floor(n / to[i]!) % length);
    return values[places.reduce((at, place, i) => at + place * from[perm[i]!]!, 0)]!;
  });
}

/** Tensors side by side along an axis. */
function joined(parts: ArrayLike<number>[], shapes: number[][], axis: number): number[] {
  const outer = size(shapes[0]!.slice(0, axis));
  return Array.from({ length: outer }, (_, row) =>
    parts.flatMap((part, i) => {
      const block = size(shapes[i]!.slice(axis));
      return Array.from(part).slice(row * block, (row + 1) * block);
    }),
  ).flat();
}

describe.each(backends)('rearranged tensors on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each([
    [
      [3, 5],
      [1, 0],
    ],
    [
      [1, 7],
      [1, 0],
    ],
    [
      [2, 3, 4],
      [0, 2, 1],
    ],
    [
      [2, 3, 4],
      [1, 0, 2],
    ],
    [
      [2, 3, 4],
      [1, 2, 0],
    ],
    [
      [2, 3, 4],
      [2, 0, 1],
    ],
    [
      [2, 3, 4],
      [2, 1, 0],
    ],
    [
      [2, 3, 4],
      [0, 1, 2],
    ],
    [
      [2, 3, 4, 5],
      [0, 2, 1, 3],
    ],
    [
      [2, 3, 4, 8],
      [0, 2, 1, 3],
    ],
    [
      [2, 3, 4, 5],
      [0, 3, 1, 2],
    ],
    [
      [2, 3, 4, 5],
      [3, 2, 1, 0],
    ],
    [
      [1, 3, 2, 65],
      [0, 2, 1, 3],
    ],
  ])('%j with the axes %j', async (shape, perm) => {
    const values = randomIntegers(size(shape), 1, -99, 99);
    const result = tf.transpose(tf.tensor(values, shape, 'float32'), perm);
    expect(result.shape).toEqual(perm.map((axis) => shape[axis]));
    expect(await read(result)).toEqual(transposed(values, shape, perm));
  });

  test.each([
    [[[3], [1], [4]], 0],
    [
      [
        [2, 3],
        [1, 3],
      ],
      0,
    ],
    [
      [
        [2, 3],
        [2, 1],
        [2, 5],
      ],
      1,
    ],
    [
      [
        [2, 3, 4],
        [2, 1, 4],
      ],
      1,
    ],
    [
      [
        [2, 3, 4],
        [2, 3, 70],
      ],
      2,
    ],
  ] as [number[][], number][])('%j side by side along axis %i', async (shapes, axis) => {
    const values = shapes.map((shape, i) => randomIntegers(size(shape), i, -99, 99));
    const tensors = shapes.map((shape, i) => tf.tensor(values[i]!, shape, 'float32'));
    expect(await read(tf.concat(tensors, axis))).toEqual(joined(values, shapes, axis));
  });

  test.each([
    [[4], 0],
    [[4], 1],
    [[2, 3], 1],
    [[2, 3], 2],
    [[64, 65], 1],
  ] as [number[], number][])('three of %j stacked along axis %i', async (shape, axis) => {
    const values = [1, 2, 3].map((seed) => randomIntegers(size(shape), seed, -99, 99));
    const result = tf.stack(
      values.map((each) => tf.tensor(each, shape, 'float32')),
      axis,
    );
    expect(result.shape).toEqual(shape.toSpliced(axis, 0, 3));
    const one = shape.toSpliced(axis, 0, 1);
    expect(await read(result)).toEqual(joined(values, [one, one, one], axis));
  });

  test('integers stay integers', async () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3], 'int32');
    const [turned, both] = [tf.transpose(x), tf.concat([x, x], 1)];
    expect([turned.dtype, both.dtype]).toEqual(['int32', 'int32']);
    expect(await read(turned)).toEqual([1, 4, 2, 5, 3, 6]);
    expect(await read(both)).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  });

  test('nothing is left behind', () => {
    const x = tf.zeros([4, 3]);
    expectNoLeak(() => tf.transpose(x));
    expectNoLeak(() => tf.concat([x, x], 1));
    expectNoLeak(() => tf.stack([x, x], 1));
  });
});
