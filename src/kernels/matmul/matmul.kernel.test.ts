import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { matmulReference } from '../testing/reference';
import { read } from '../testing/tensors';

/** [M, N, K]: sizes 1, below, at and above the tile of 4 x 8, above the blocks of 64 rows and 256 values of k. */
const sizes: [number, number, number][] = [
  [1, 1, 1],
  [1, 10, 7],
  [5, 1, 9],
  [3, 7, 2],
  [4, 8, 16],
  [7, 13, 5],
  [9, 24, 33],
  [64, 10, 128],
  [67, 33, 259],
  [130, 17, 600],
  [2, 40, 2100],
];

const transposes: [boolean, boolean][] = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];

function shapeOf(rows: number, columns: number, transposed: boolean): [number, number] {
  return transposed ? [columns, rows] : [rows, columns];
}

describe.each(backends)('matrix product on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  for (const [transposeA, transposeB] of transposes) {
    const name = `${transposeA ? 'A transposed' : 'A'} times ${transposeB ? 'B transposed' : 'B'}`;

    test(`${name} equals the sums of products for every size`, async () => {
      for (const [index, [M, N, K]] of sizes.entries()) {
        const a = randomFloats(M * K, index);
        const b = randomFloats(K * N, index + 100);
        const product = tf.matMul(
          tf.tensor2d(a, shapeOf(M, K, transposeA)),
          tf.tensor2d(b, shapeOf(K, N, transposeB)),
          transposeA,
          transposeB,
        );
        expect(product.shape).toEqual([M, N]);
        expectCloseArrays(await product.data(), matmulReference(a, b, [M, N, K], transposeA, transposeB));
      }
    });

    test(`${name} has the gradients of sum(dy * A B)`, async () => {
      const [M, N, K] = [13, 11, 9];
      const a = randomFloats(M * K, 1);
      const b = randomFloats(K * N, 2);
      const dy = randomFloats(M * N, 3);
      const weights = tf.tensor2d(dy, [M, N]);
      const gradients = tf.grads((x, y) =>
        tf.sum(tf.mul(weights, tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, transposeA, transposeB))),
      );
      const [da, db] = gradients([
        tf.tensor2d(a, shapeOf(M, K, transposeA)),
        tf.tensor2d(b, shapeOf(K, N, transposeB)),
      ]);
      // dA = dy B', dB = A' dy, stored as A and B are.
      const expectedA = matmulReference(dy, b, [M, K, N], false, !transposeB);
      const expectedB = matmulReference(a, dy, [K, N, M], !transposeA, false);
      const stored = (values: number[], rows: number, columns: number, transposed: boolean) =>
        transposed ? values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!) : values;
      expectCloseArrays(await da!.data(), stored(expectedA, M, K, transposeA));
      expectCloseArrays(await db!.data(), stored(expectedB, K, N, transposeB));
    });
  }

  test('a batch is multiplied matrix by matrix, and one matrix may serve the whole batch', async () => {
    const [batch, M, N, K] = [3, 5, 9, 6];
    const a = randomFloats(batch * M * K, 1);
    const b = randomFloats(batch * K * N, 2);
    const expected = (shared: boolean) =>
      [0, 1, 2].flatMap((i) =>
        matmulReference(
          a.subarray(i * M * K, (i + 1) * M * K),
          shared ? b.subarray(0, K * N) : b.subarray(i * K * N, (i + 1) * K * N),
          [M, N, K],
        ),
      );
    const left = tf.tensor3d(a, [batch, M, K]);
    const each = tf.matMul(left, tf.tensor3d(b, [batch, K, N]));
    expect(each.shape).toEqual([batch, M, N]);
    expectCloseArrays(await each.data(), expected(false));
    const one = tf.matMul(left, tf.tensor3d(b.subarray(0, K * N), [1, K, N]));
    expect(one.shape).toEqual([batch, M, N]);
    expectCloseArrays(await one.data(), expected(true));
    const rank4 = tf.matMul(tf.reshape(left, [1, batch, M, K]), tf.tensor4d(b, [1, batch, K, N]));
    expect(rank4.shape).toEqual([1, batch, M, N]);
    expectCloseArrays(await rank4.data(), expected(false));
  });

  test('a batch of transposed matrices is multiplied matrix by matrix', async () => {
    const [M, N, K] = [6, 10, 7];
    const a = randomFloats(2 * K * M, 4);
    const b = randomFloats(2 * N * K, 5);
    const product = tf.matMul(tf.tensor3d(a, [2, K, M]), tf.tensor3d(b, [2, N, K]), true, true);
    const expected = [0, 1].flatMap((i) =>
      matmulReference(a.subarray(i * K * M, (i + 1) * K * M), b.subarray(i * N * K), [M, N, K], true, true),
    );
    expectCloseArrays(await product.data(), expected);
  });

  describe.each(transposes)('batches, A transposed: %s, B transposed: %s', (transposeA, transposeB) => {
    /** Batch shape and [M, N, K]: the two products of attention over 32 steps with 4 heads of 16, and odd ones. */
    const batches: [number[], [number, number, number]][] = [
      [[1], [1, 1, 1]],
      [[3], [5, 7, 9]],
      [
        [2, 3],
        [4, 9, 6],
      ],
      [
        [4, 4],
        [32, 32, 16],
      ],
      [
        [2, 4],
        [32, 16, 32],
      ],
    ];

    test.each(batches)('products and gradients of %j matrices of sizes %j', async (batch, [M, N, K]) => {
      const count = tf.util.sizeFromShape(batch);
      const a = randomIntegers(count * M * K, 1, -127, 127);
      const b = randomIntegers(count * K * N, 2, -127, 127);
      const dy = randomIntegers(count * M * N, 3, -127, 127);
      const multiply = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, transposeA, transposeB);
      const { value, grads } = tf.valueAndGrads(multiply)(
        [
          tf.tensor(a, [...batch, ...shapeOf(M, K, transposeA)]),
          tf.tensor(b, [...batch, ...shapeOf(K, N, transposeB)]),
        ],
        tf.tensor(dy, [...batch, M, N]),
      );
      expect(value.shape).toEqual([...batch, M, N]);
      const each = (size: number, values: Float32Array, i: number) =>
        values.subarray(i * size, (i + 1) * size);
      const matrices = Array.from({ length: count }, (_, i) => ({
        a: each(M * K, a, i),
        b: each(K * N, b, i),
        dy: each(M * N, dy, i),
      }));
      // Integers, so that every sum is exact, whatever its order.
      expect(await read(value)).toEqual(
        matrices.flatMap((m) => matmulReference(m.a, m.b, [M, N, K], transposeA, transposeB)),
      );
      const da = matrices.flatMap((m) =>
        transposeA
          ? matmulReference(m.b, m.dy, [K, M, N], transposeB, true)
          : matmulReference(m.dy, m.b, [M, K, N], false, !transposeB),
      );
      const db = matrices.flatMap((m) =>
        transposeB
          ? matmulReference(m.dy, m.a, [N, K, M], true, transposeA)
          : matmulReference(m.a, m.dy, [K, N, M], !transposeA, false),
      );
      expect(await read(grads[0]!)).toEqual(da);
      expect(await read(grads[1]!)).toEqual(db);
    });

    test('one matrix for the whole batch gets the sum of all its gradients', async () => {
      const [M, N, K] = [3, 5, 4];
      const multiply = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, transposeA, transposeB);
      const x = tf.tensor(randomFloats(2 * M * K, 4), [2, ...shapeOf(M, K, transposeA)]);
      const y = tf.tensor(randomFloats(K * N, 5), [1, ...shapeOf(K, N, transposeB)]);
      const dy = tf.tensor(randomFloats(2 * M * N, 6), [2, M, N]);
      const shared = tf.grads(multiply)([x, y], dy);
      const [dx, dys] = tf.grads(multiply)([x, tf.tile(y, [2, 1, 1])], dy);
      expect(shared.map((gradient) => gradient.shape)).toEqual([x.shape, y.shape]);
      expectCloseArrays(await shared[0]!.data(), await dx!.data());
      expectCloseArrays(await shared[1]!.data(), await tf.sum(dys!, 0).data());
    });
  });

  test('integers multiply exactly while K * |a| * |b| stays below 2^24', async () => {
    // 500 * 127 * 255 < 2^24: the longest 8-bit sum.
    const [M, N, K] = [9, 21, 500];
    const a = randomIntegers(M * K, 6, -255, 255);
    const b = randomIntegers(K * N, 7, -127, 127);
    const product = tf.matMul(tf.tensor2d(a, [M, K]), tf.tensor2d(b, [K, N]));
    expect([...(await product.data())]).toEqual(matmulReference(a, b, [M, N, K]));
    const extreme = tf.matMul(tf.fill([1, 518], 255), tf.fill([518, 3], -127));
    expect([...(await extreme.data())]).toEqual(Array(3).fill(518 * 255 * -127));
  });

  test('the same product twice gives the same bits, for long sums too', async () => {
    const a = tf.tensor2d(randomFloats(20 * 4096, 8), [20, 4096]);
    const b = tf.tensor2d(randomFloats(4096 * 30, 9), [4096, 30]);
    expect(await tf.matMul(a, b).data()).toEqual(await tf.matMul(a, b).data());
  });

  test('NaN reaches every element that it takes part in, and no other', async () => {
    const a = tf.tensor2d([1, 2, Number.NaN, 4, 5, 6], [3, 2]);
    const values = await tf.matMul(a, tf.ones([2, 9])).data();
    expect([...values].map(Number.isNaN)).toEqual(
      Array.from({ length: 27 }, (_, i) => Math.floor(i / 9) === 1),
    );
  });
});
