import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from './testing/backends';

/** Gradients of sum(dy * f(...inputs)), dy random of f's shape, and dy itself. */
async function differentiate(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]) {
  const { shape } = f(...inputs);
  const dy = randomFloats(tf.util.sizeFromShape(shape), 99);
  const cotangent = tf.tensor(dy, shape);
  const gradients = tf.grads((...values) => tf.sum(tf.mul(cotangent, f(...values))))(inputs);
  expect(gradients.map((gradient) => gradient.shape)).toEqual(inputs.map((input) => input.shape));
  return { dy, gradients: await Promise.all(gradients.map((gradient) => gradient.data())) };
}

describe.each(backends)('gradients of tfjs ops on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  const a = randomFloats(6, 1);
  const b = randomFloats(3, 2);
  const matrix = () => tf.tensor2d(a, [2, 3]);
  const row = () => tf.tensor1d(b);
  const columnSums = (values: ArrayLike<number>) => [0, 1, 2].map((i) => values[i]! + values[i + 3]!);

  test('a sum passes the gradient on, added up over broadcast axes', async () => {
    const { dy, gradients } = await differentiate((x, y) => tf.add(x!, y!), [matrix(), row()]);
    expectCloseArrays(gradients[0]!, dy);
    expectCloseArrays(gradients[1]!, columnSums(dy));
  });

  test('a difference negates it for the subtrahend', async () => {
    const { dy, gradients } = await differentiate((x, y) => tf.sub(x!, y!), [row(), matrix()]);
    expectCloseArrays(gradients[0]!, columnSums(dy));
    expectCloseArrays(
      gradients[1]!,
      [...dy].map((v) => -v),
    );
  });

  test('a product multiplies it by the other factor', async () => {
    const { dy, gradients } = await differentiate((x, y) => tf.mul(x!, y!), [matrix(), row()]);
    expectCloseArrays(
      gradients[0]!,
      [...dy].map((v, i) => v * b[i % 3]!),
    );
    expectCloseArrays(gradients[1]!, columnSums([...dy].map((v, i) => v * a[i]!)));
  });

  test.each([
    { axes: [0], kept: false, index: (i: number) => i % 12 },
    { axes: [1], kept: true, index: (i: number) => Math.floor(i / 12) * 4 + (i % 4) },
    { axes: [2], kept: false, index: (i: number) => Math.floor(i / 4) },
    { axes: [0, 2], kept: false, index: (i: number) => Math.floor(i / 4) % 3 },
    { axes: undefined, kept: false, index: () => 0 },
  ])('a sum over axes $axes repeats it along them', async ({ axes, kept, index }) => {
    const x = tf.tensor3d(randomFloats(24, 3), [2, 3, 4]);
    const { dy, gradients } = await differentiate((v) => tf.sum(v!, axes, kept), [x]);
    expectCloseArrays(
      gradients[0]!,
      Array.from({ length: 24 }, (_, i) => dy[index(i)]!),
    );
  });

  test('reshape, clone and cast leave it as it is', async () => {
    const { dy, gradients } = await differentiate(
      (x) => tf.cast(tf.clone(tf.reshape(x!, [3, 2])), 'float32'),
      [matrix()],
    );
    expectCloseArrays(gradients[0]!, dy);
  });

  test('transpose turns it back', async () => {
    const x = tf.tensor3d(randomFloats(24, 4), [2, 3, 4]);
    const { dy, gradients } = await differentiate((v) => tf.transpose(v!, [2, 0, 1]), [x]);
    // Element (i, j, k) of x is (k, i, j) of the output, whose shape is [4, 2, 3].
    const expected = Array.from(
      { length: 24 },
      (_, n) => dy[(n % 4) * 6 + Math.floor(n / 12) * 3 + (Math.floor(n / 4) % 3)]!,
    );
    expectCloseArrays(gradients[0]!, expected);
  });
});
