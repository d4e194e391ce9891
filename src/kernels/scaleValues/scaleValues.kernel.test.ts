import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomFloats, startBackend } from '../testing/backends';
import { read } from '../testing/tensors';
import { scaleValues } from './index';

const { fround } = Math;

describe.each(backends)('scaleValues on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each([
    { shape: [1], channels: 1 },
    { shape: [5, 3], channels: 3 },
    { shape: [7, 13], channels: 1 },
    { shape: [2, 3, 5, 4], channels: 4 },
    { shape: [64, 10], channels: 10 },
  ])('$shape by $channels scales, and its gradient', async ({ shape, channels }) => {
    const x = randomFloats(tf.util.sizeFromShape(shape), 3, -20, 20);
    const dy = randomFloats(x.length, 4);
    const rows = randomFloats(4 * channels, 5);
    const params = tf.tensor2d(rows, [4, channels]);
    const times = (values: Float32Array) =>
      Array.from(values, (value, i) => fround(value * rows[i % channels]!));
    expect(await read(scaleValues(tf.tensor(x, shape), params))).toEqual(times(x));
    const gradient = tf.grad((input) => scaleValues(input, params))(
      tf.tensor(x, shape),
      tf.tensor(dy, shape),
    );
    expect(await read(gradient)).toEqual(times(dy));
  });

  test('parameters of other channels are refused', () => {
    expect(() => scaleValues(tf.zeros([2, 3]), tf.zeros([4, 2]) as tf.Tensor2D)).toThrow(/\[4, 3\]/);
  });
});
