import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import { embedding, scatterRows } from './index';

/** ids' shape, rows and depth of the table. */
const cases: [number[], number, number][] = [
  [[1], 1, 1],
  [[1, 1], 3, 5],
  [[3, 7], 2, 4],
  [[2, 5], 11, 3],
  [[32, 32], 16, 64],
  [[5, 13], 65, 33],
];

const types = ['int32', 'float32'] as const;

/** Rows of `dy` added up by id, in float64. */
function sums(dy: ArrayLike<number>, ids: ArrayLike<number>, rows: number, depth: number): number[] {
  const total: number[] = Array(rows * depth).fill(0);
  Array.from(ids).forEach((id, n) => {
    for (let d = 0; d < depth; d++) total[id * depth + d]! += dy[n * depth + d]!;
  });
  return total;
}

describe.each(backends)('embedding on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe.each(types)('with %s ids', (type) => {
    test.each(cases)('rows and gradient for ids %j of a table [%i, %i]', async (shape, rows, depth) => {
      const size = tf.util.sizeFromShape(shape);
      const ids = randomIntegers(size, 1, 0, rows - 1);
      const table = randomFloats(rows * depth, 2);
      const dy = randomFloats(size * depth, 3);
      const f = (t: tf.Tensor) => embedding(tf.tensor(ids, shape, type), t as tf.Tensor2D);
      const { value, grad } = tf.valueAndGrad(f)(
        tf.tensor2d(table, [rows, depth]),
        tf.tensor(dy, [...shape, depth]),
      );
      expect([value.shape, grad.shape]).toEqual([
        [...shape, depth],
        [rows, depth],
      ]);
      const expected = Array.from(ids).flatMap((id) => [...table.subarray(id * depth, (id + 1) * depth)]);
      expect(await read(value)).toEqual(expected);
      expectCloseArrays(await grad.data(), sums(dy, ids, rows, depth), 1e-6);
    });

    test('an id outside the table gives NaN in its row only, and adds to no gradient', async () => {
      const ids = tf.tensor2d([1, -1, 3, 0], [2, 2], type);
      const f = (t: tf.Tensor) => embedding(ids, t as tf.Tensor2D);
      const { value, grad } = tf.valueAndGrad(f)(tf.ones([3, 2]), tf.ones([2, 2, 2]));
      expect(Array.from(await value.data(), Number.isNaN)).toEqual(
        [0, 0, 1, 1, 1, 1, 0, 0].map((wrong) => wrong === 1),
      );
      expect(await read(grad)).toEqual([1, 1, 1, 1, 0, 0]);
    });

    test('rows are scattered into each of several tables', async () => {
      const dy = randomFloats(2 * 5 * 3, 4);
      const ids = [3, 0, 3, 1, 0];
      const scattered = scatterRows(tf.tensor(dy, [2, 5, 3]), tf.tensor1d(ids, type), tf.zeros([2, 4, 3]));
      expect(scattered.shape).toEqual([2, 4, 3]);
      const expected = [0, 1].flatMap((o) => sums(dy.subarray(o * 15, (o + 1) * 15), ids, 4, 3));
      expectCloseArrays(await scattered.data(), expected, 1e-6);
    });
  });

  test('ids that are not whole, or not numbers, give NaN', async () => {
    const ids = tf.tensor1d([0.5, Number.NaN, 1e30, Number.NEGATIVE_INFINITY, 1]);
    const rows = await embedding(ids, tf.tensor2d([1, 2], [2, 1])).data();
    expect(Array.from(rows)).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, 2]);
  });

  test('nothing is left behind', () => {
    const ids = tf.tensor2d([0, 1, 2, 1], [2, 2], 'int32');
    const table = tf.tensor2d(randomFloats(9, 1), [3, 3]);
    const f = (t: tf.Tensor) => embedding(ids, t as tf.Tensor2D);
    expectNoLeak(() => f(table));
    expectNoLeak(() => tf.grad(f)(table));
  });

  test('a table or ids of the wrong kind are refused in a sentence', () => {
    const ids = tf.tensor1d([0], 'int32');
    expect(() => embedding(ids, tf.zeros([3]) as unknown as tf.Tensor2D)).toThrow(
      'The embedding table must have the shape',
    );
    expect(() => embedding(tf.tensor1d([true], 'bool'), tf.zeros([3, 2]))).toThrow(
      'must be int32 or float32',
    );
    expect(() => scatterRows(tf.zeros([1, 2, 3]), ids, tf.zeros([1, 4, 3]))).toThrow('The rows to scatter');
  });
});

test('all backends give the same bits, also in the gradient', async () => {
  const ids = randomIntegers(1024, 5, 0, 15);
  const compute = async () => {
    const f = (t: tf.Tensor) => embedding(tf.tensor(ids, [32, 32], 'int32'), t as tf.Tensor2D);
    const table = tf.tensor2d(randomFloats(16 * 33, 6), [16, 33]);
    return read(tf.grad(f)(table, tf.tensor(randomFloats(1024 * 33, 7), [32, 32, 33])));
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
