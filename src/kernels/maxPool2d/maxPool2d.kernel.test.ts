import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { maxPoolReference } from '../testing/reference';
import { count, type WindowCase, windowCase } from '../testing/windows';

const cases: WindowCase[] = [
  windowCase([1, 1, 1, 1], [1, 1], [1, 1], 'valid'),
  windowCase([2, 6, 4, 8], [2, 2], [2, 2], 'valid'),
  windowCase([2, 7, 5, 3], [2, 2], [2, 2], 'valid'),
  windowCase([2, 7, 5, 5], [2, 2], [2, 2], 'same'),
  windowCase([1, 8, 9, 4], [3, 3], [2, 2], 'same'),
  windowCase([1, 8, 9, 6], [3, 2], [1, 1], 'valid'),
  windowCase([2, 9, 7, 1], [3, 3], [1, 2], 'same'),
  windowCase([1, 5, 5, 2], [5, 5], [1, 1], 'valid'),
  windowCase([2, 5, 6, 2], [1, 1], [2, 2], 'valid'),
  windowCase([1, 6, 6, 7], [3, 3], [3, 3], 1),
  windowCase([1, 4, 4, 3], [2, 2], [3, 3], 'valid'),
  windowCase([2, 9, 6, 4], [2, 2], [2, 2], 'valid'),
  windowCase([1, 11, 8, 12], [2, 2], [4, 3], 'valid'),
  windowCase([1, 5, 6, 8], [2, 2], [1, 1], 'same'),
  windowCase([1, 3, 7, 4], [1, 2], [4, 2], 'valid'),
];

function run(shape: WindowCase, x: Float32Array, dy: Float32Array) {
  const pool = (image: tf.Tensor) =>
    tf.maxPool(image as tf.Tensor4D, [...shape.window], [...shape.strides], shape.pad);
  const image = tf.tensor4d(x, [...shape.x]);
  const y = pool(image);
  const cotangent = tf.tensor4d(dy, y.shape);
  const [dx] = tf.grads((i) => tf.sum(tf.mul(cotangent, pool(i!))))([image]);
  return { y, dx: dx! };
}

/** What the values of the input are like, and how they are made. */
const inputs: [string, (size: number) => Float32Array][] = [
  ['values of both signs', (size) => randomFloats(size, 1)],
  ['negative values only', (size) => randomFloats(size, 2, -3, -1)],
  ['many equal values', (size) => randomIntegers(size, 3, -2, 0)],
  ['values below -1e20', (size) => randomFloats(size, 4, -2e30, -1e30)],
];

describe.each(backends)('maximum pooling on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe.each(inputs)('of %s', (_, make) => {
    test.each(cases)('$name: maxima, and the gradient at the first of each window', async (shape) => {
      const x = make(count(shape.x));
      const dy = randomFloats(shape.x[0] * count(shape.out) * shape.x[3], 5);
      const { y, dx } = run(shape, x, dy);
      const expected = maxPoolReference(shape, x, dy);
      expect(y.shape).toEqual([shape.x[0], ...shape.out, shape.x[3]]);
      expect([...(await y.data())]).toEqual(expected.y);
      expectCloseArrays(await dx.data(), expected.dx, 1e-6);
    });
  });

  test('NaN reaches the maximum of its window, and its gradient the NaN', async () => {
    for (const channels of [1, 4, 5]) {
      const shape = windowCase([1, 4, 4, channels], [2, 2], [2, 2], 'valid');
      const x = randomFloats(16 * channels, 6);
      // In the last position of the first window and in the first of the last, in the last channel.
      for (const pixel of [5, 10]) x[pixel * channels + channels - 1] = Number.NaN;
      const dy = randomFloats(4 * channels, 7);
      const { y, dx } = run(shape, x, dy);
      const expected = maxPoolReference(shape, x, dy);
      expect(expected.y.filter(Number.isNaN)).toHaveLength(2);
      expect([...(await y.data())]).toEqual(expected.y);
      expectCloseArrays(await dx.data(), expected.dx, 1e-6);
    }
  });

  test('a window of negative infinities yields negative infinity', async () => {
    const y = tf.maxPool(tf.fill([1, 2, 2, 5], Number.NEGATIVE_INFINITY) as tf.Tensor4D, 2, 2, 'valid');
    expect([...(await y.data())]).toEqual(Array(5).fill(Number.NEGATIVE_INFINITY));
  });
});
