import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import fixtures from './fixtures/batchNorm.json';
import { batchMoments, batchNorm, batchNormTrain, channelScale, epsilon, updateRunning } from './index';

type Shape = readonly [rows: number, channels: number];

const shapes: Shape[] = [
  [2, 1],
  [3, 1],
  [2, 7],
  [65, 4],
  [130, 5],
  [1000, 13],
  [4099, 3],
];

/** Means and biased variances in float64. */
function momentsOf(x: ArrayLike<number>, [rows, channels]: Shape): { means: number[]; variances: number[] } {
  const column = (c: number) => Array.from({ length: rows }, (_, r) => x[r * channels + c]!);
  const means = Array.from({ length: channels }, (_, c) => column(c).reduce((a, b) => a + b, 0) / rows);
  const variances = means.map((m, c) => column(c).reduce((sum, v) => sum + (v - m) ** 2, 0) / rows);
  return { means, variances };
}

/** sum(dy * batchNormTrain(x)) in float64, whose differences are the gradients. */
function objective(
  x: ArrayLike<number>,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: Shape,
): number {
  const { means, variances } = momentsOf(x, shape);
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const c = i % shape[1];
    sum += dy[i]! * (((x[i]! - means[c]!) / Math.sqrt(variances[c]! + epsilon)) * gamma[c]! + beta[c]!);
  }
  return sum;
}

/** Central differences of `f` at `at`. */
function differences(f: (at: Float64Array) => number, at: ArrayLike<number>): number[] {
  const h = 1e-5;
  const point = Float64Array.from(at);
  return Array.from(at, (value, i) => {
    point[i] = value + h;
    const above = f(point);
    point[i] = value - h;
    const below = f(point);
    point[i] = value;
    return (above - below) / (2 * h);
  });
}

function gradientsOf(x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D, dy: tf.Tensor): tf.Tensor[] {
  return tf.grads((v, g, b) => tf.sum(tf.mul(dy, batchNormTrain(v!, g as tf.Tensor1D, b as tf.Tensor1D))))([
    x,
    gamma,
    beta,
  ]);
}

describe.each(backends)('batch normalization on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes)('mean and variance of [%i, %i]', async (...shape) => {
    const x = randomFloats(shape[0] * shape[1], 1, -3, 5);
    const { means, variances } = momentsOf(x, shape);
    const moments = batchMoments(tf.tensor2d(x, [...shape]));
    expect(moments.shape).toEqual([2, shape[1]]);
    expectCloseArrays(await read(moments), [...means, ...variances], 1e-6);
  });

  test('a variance far below the square of the mean is kept', async () => {
    const x = randomFloats(3000, 2, 999, 1001);
    const { variances } = momentsOf(x, [1000, 3]);
    const moments = await read(batchMoments(tf.tensor2d(x, [1000, 3])));
    expectCloseArrays(moments.slice(3), variances, 2e-5);
  });

  test.each(shapes)('values of [%i, %i] in training', async (...shape) => {
    const [rows, channels] = shape;
    const x = randomFloats(rows * channels, 3, -3, 5);
    const gamma = randomFloats(channels, 4, 0.5, 2);
    const beta = randomFloats(channels, 5);
    const { means, variances } = momentsOf(x, shape);
    const y = batchNormTrain(tf.tensor2d(x, [...shape]), tf.tensor1d(gamma), tf.tensor1d(beta));
    expect(y.shape).toEqual([...shape]);
    expectCloseArrays(
      await read(y),
      Array.from(x, (v, i) => {
        const c = i % channels;
        return ((v - means[c]!) / Math.sqrt(variances[c]! + epsilon)) * gamma[c]! + beta[c]!;
      }),
      1e-5,
    );
  });

  test.each([
    [2, 1],
    [3, 5],
    [9, 4],
    [70, 3],
  ] as Shape[])('gradients of [%i, %i] are those of finite differences', async (...shape) => {
    const [rows, channels] = shape;
    const x = randomFloats(rows * channels, 6, -3, 5);
    const dy = randomFloats(rows * channels, 7);
    const gamma = randomFloats(channels, 8, 0.5, 2);
    const beta = randomFloats(channels, 9);
    const [dx, dgamma, dbeta] = gradientsOf(
      tf.tensor2d(x, [...shape]),
      tf.tensor1d(gamma),
      tf.tensor1d(beta),
      tf.tensor2d(dy, [...shape]),
    );
    expectCloseArrays(
      await read(dx!),
      differences((at) => objective(at, gamma, beta, dy, shape), x),
      5e-6,
    );
    expectCloseArrays(
      await read(dgamma!),
      differences((at) => objective(x, at, beta, dy, shape), gamma),
      5e-6,
    );
    expectCloseArrays(
      await read(dbeta!),
      differences((at) => objective(x, gamma, at, dy, shape), beta),
      5e-6,
    );
  });

  test.each(fixtures.cases.map((example) => [example.name, example] as const))(
    'two steps and an evaluation follow PyTorch’s: %s',
    async (_, example) => {
      const shape = example.shape as [number, number, number, number];
      const gamma = tf.tensor1d(example.gamma);
      const beta = tf.tensor1d(example.beta);
      const channels = shape[3];
      const running = tf.variable(
        tf.tensor2d([Array(channels).fill(0), Array(channels).fill(1)] as number[][]),
        false,
      );
      // A mean of 100 is rounded by 4e-6, which y and the gradients inherit times 1 / deviation.
      const tolerance = example.name.includes('far') ? 3e-5 : 4e-6;
      for (const step of example.steps) {
        const x = tf.tensor4d(step.x, shape);
        const moments = batchMoments(x);
        expectCloseArrays(await read(batchNormTrain(x, gamma, beta, moments)), step.y, tolerance);
        updateRunning(running, moments, tf.tensor1d([example.momentum]), x);
        expectCloseArrays(await read(running), step.running, 1e-6);
        const [dx, dgamma, dbeta] = gradientsOf(x, gamma, beta, tf.tensor4d(step.dy, shape));
        expectCloseArrays(await read(dx!), step.dx, tolerance);
        expectCloseArrays(await read(dgamma!), step.dgamma, tolerance);
        expectCloseArrays(await read(dbeta!), step.dbeta, tolerance);
      }
      const { x, y } = example.evaluation;
      const evaluated = batchNorm(
        tf.tensor4d(x, shape),
        gamma,
        beta,
        tf.tensor2d(await running.data(), [2, channels]),
      );
      expectCloseArrays(await read(evaluated), y, tolerance);
    },
  );

  test('a channel of one value comes out as beta', async () => {
    const x = tf.tensor2d([3, 1, 3, 2], [2, 2]);
    const y = batchNormTrain(x, tf.tensor1d([2, 0]), tf.tensor1d([0.5, -1]));
    expect(await read(y)).toEqual([0.5, -1, 0.5, -1]);
  });

  test('NaN stays in its channel', async () => {
    const x = randomFloats(50, 10);
    x[12] = Number.NaN;
    const y = batchNormTrain(tf.tensor2d(x, [10, 5]), tf.ones([5]), tf.zeros([5]));
    expect((await read(y)).map(Number.isNaN)).toEqual(Array.from({ length: 50 }, (_, i) => i % 5 === 2));
  });

  test('the scale of a channel passes its gradient on to gamma', async () => {
    const statistics = tf.tensor2d([0, 0, 0, 1, 4, 0.25], [2, 3]);
    const gamma = tf.tensor1d([1, -2, 3]);
    const inverses = [1, 4, 0.25].map((variance) => 1 / Math.sqrt(variance + epsilon));
    const f = (g: tf.Tensor) =>
      tf.sum(tf.mul(tf.tensor1d([1, 2, -4]), channelScale(g as tf.Tensor1D, statistics)));
    expectCloseArrays(
      await read(channelScale(gamma, statistics)),
      [1, -2, 3].map((g, c) => g * inverses[c]!),
      2e-7,
    );
    expectCloseArrays(
      await read(tf.grad(f)(gamma)),
      [1, 2, -4].map((g, c) => g * inverses[c]!),
      2e-7,
    );
  });

  test('nothing is left behind', () => {
    const x = tf.tensor2d(randomFloats(35, 1), [7, 5]);
    const gamma = tf.ones([5]) as tf.Tensor1D;
    const beta = tf.zeros([5]) as tf.Tensor1D;
    const running = tf.variable(tf.ones([2, 5]), false);
    const momentum = tf.tensor1d([0.1]);
    expectNoLeak(() => gradientsOf(x, gamma, beta, x));
    expectNoLeak(() => updateRunning(running, batchMoments(x), momentum, x));
    expectNoLeak(() => batchNorm(x, gamma, beta, batchMoments(x)));
  });

  test('one value per channel and wrong shapes are refused in a sentence', () => {
    const one = tf.ones([1]) as tf.Tensor1D;
    expect(() => batchNormTrain(tf.zeros([1, 1]), one, one)).toThrow('more than one value per channel');
    expect(() => batchNormTrain(tf.zeros([4, 2]), one, one)).toThrow(
      'Gamma must have the shape [2], but has [1].',
    );
  });
});

test('evaluation, running estimates and scales agree to the last bit; training within rounding', async () => {
  const [rows, channels] = [300, 11];
  const x = randomFloats(rows * channels, 11, -3, 5);
  const statistics = [...randomFloats(channels, 12), ...randomFloats(channels, 13, 0.001, 3)];
  const results = await onEach(backends, async () => {
    const input = tf.tensor2d(x, [rows, channels]);
    const gamma = tf.tensor1d(randomFloats(channels, 14, -2, 2));
    const beta = tf.tensor1d(randomFloats(channels, 15));
    const given = tf.tensor2d(statistics, [2, channels]);
    const running = tf.variable(tf.tensor2d(randomFloats(2 * channels, 16), [2, channels]), false);
    updateRunning(running, given, tf.tensor1d([0.1]), input);
    return {
      exact: [
        ...(await read(batchNorm(input, gamma, beta, given))),
        ...(await read(running)),
        ...(await read(channelScale(gamma, given))),
      ],
      close: await read(batchNormTrain(input, gamma, beta)),
    };
  });
  for (const { exact, close } of results.slice(1)) {
    expect(exact).toEqual(results[0]!.exact);
    expectCloseArrays(close, results[0]!.close, 1e-6);
  }
});
