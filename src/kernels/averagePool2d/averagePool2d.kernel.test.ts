import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import { count, visitWindows, type WindowCase, windowCase } from '../testing/windows';
import { averagePool2d, globalAveragePool } from './index';

const cases: WindowCase[] = [
  windowCase([1, 1, 1, 1], [1, 1], [1, 1], 'valid'),
  windowCase([2, 6, 4, 8], [2, 2], [2, 2], 'valid'),
  windowCase([2, 7, 5, 3], [2, 2], [2, 2], 'same'),
  windowCase([1, 8, 9, 6], [3, 2], [1, 1], 'valid'),
  windowCase([2, 9, 7, 5], [3, 3], [1, 2], 'same'),
  windowCase([1, 5, 5, 2], [5, 5], [1, 1], 'valid'),
  windowCase([2, 5, 6, 7], [1, 1], [2, 2], 'valid'),
  windowCase([1, 6, 6, 13], [3, 3], [3, 3], 1),
  windowCase([3, 11, 10, 4], [4, 5], [2, 3], 'same'),
];

const outputs = (shape: WindowCase) => shape.x[0] * count(shape.out) * shape.x[3];

function run(shape: WindowCase, x: Float32Array, dy: Float32Array) {
  const pool = (image: tf.Tensor) =>
    tf.avgPool(image as tf.Tensor4D, [...shape.window], [...shape.strides], shape.pad);
  const image = tf.tensor4d(x, [...shape.x]);
  const y = pool(image);
  const cotangent = tf.tensor4d(dy, y.shape);
  return { y, dx: tf.grad((i) => tf.sum(tf.mul(cotangent, pool(i))))(image) };
}

/** Sums, means and the gradient of sum(dy * mean), in float64. */
function reference(shape: WindowCase, x: Float32Array, dy: Float32Array) {
  const pixels = new Float64Array(dy.length);
  const sums = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  visitWindows(shape, (xAt, yAt) => {
    pixels[yAt]! += 1;
    sums[yAt]! += x[xAt]!;
  });
  visitWindows(shape, (xAt, yAt) => {
    dx[xAt]! += dy[yAt]! / pixels[yAt]!;
  });
  return { sums, pixels, y: sums.map((sum, i) => sum / pixels[i]!), dx };
}

describe.each(backends)('average pooling on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(cases)('$name: means and gradient', async (shape) => {
    const x = randomFloats(count(shape.x), 1);
    const dy = randomFloats(outputs(shape), 2);
    const { y, dx } = run(shape, x, dy);
    const expected = reference(shape, x, dy);
    expect(y.shape).toEqual([shape.x[0], ...shape.out, shape.x[3]]);
    expectCloseArrays(await read(y), expected.y, 5e-7);
    expectCloseArrays(await read(dx), expected.dx, 5e-7);
  });

  test.each(cases)('$name: of integers, the exact sum is rounded once', async (shape) => {
    const x = randomIntegers(count(shape.x), 3, -255, 255);
    const { y } = run(shape, x, new Float32Array(outputs(shape)));
    const { sums, pixels } = reference(shape, x, new Float32Array(outputs(shape)));
    expect(await read(y)).toEqual(
      Array.from(sums, (sum, i) => Math.fround(sum * Math.fround(1 / pixels[i]!)) + 0),
    );
  });

  test('windows follow one another unless a stride says otherwise', async () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    expect(await read(averagePool2d(x, 2))).toEqual([3]);
    expect(await read(averagePool2d(x, 2, 1))).toEqual([3, 4, 6, 7]);
  });

  test.each([[[3, 4, 5, 6]], [[2, 7, 3]], [[1, 1, 1]], [[2, 300, 5]]])(
    'the mean over all positions of %j',
    async (shape) => {
      const size = count(shape);
      const channels = shape.at(-1)!;
      const batch = shape[0]!;
      const positions = size / channels / batch;
      const x = randomFloats(size, 4);
      const dy = randomFloats(batch * channels, 5);
      const cotangent = tf.tensor2d(dy, [batch, channels]);
      const f = (v: tf.Tensor) => globalAveragePool(v as tf.Tensor4D);
      const { value, grad } = tf.valueAndGrad((v) => tf.sum(tf.mul(cotangent, f(v))))(tf.tensor(x, shape));
      const means = Array.from(dy, (_, i) => {
        const [n, c] = [Math.floor(i / channels), i % channels];
        let sum = 0;
        for (let p = 0; p < positions; p++) sum += x[(n * positions + p) * channels + c]!;
        return sum / positions;
      });
      const pooled = f(tf.tensor(x, shape));
      expect(pooled.shape).toEqual([batch, channels]);
      expectCloseArrays(await read(pooled), means, 1e-6);
      expectCloseArrays(await read(value), [means.reduce((s, m, i) => s + m * dy[i]!, 0)], 2e-6);
      expectCloseArrays(
        await read(grad),
        Array.from(x, (_, i) => {
          const n = Math.floor(i / (positions * channels));
          return dy[n * channels + (i % channels)]! / positions;
        }),
        1e-6,
      );
    },
  );

  test('NaN reaches the outputs whose window it lies in, and no others', async () => {
    const shape = windowCase([1, 4, 4, 5], [2, 2], [2, 2], 'valid');
    const x = randomFloats(80, 6);
    x[7] = Number.NaN;
    const { y } = run(shape, x, randomFloats(20, 7));
    expect((await read(y)).flatMap((v, i) => (Number.isNaN(v) ? [i] : []))).toEqual([2]);
  });

  test('nothing is left behind', () => {
    const x = tf.ones([2, 8, 8, 3]) as tf.Tensor4D;
    expectNoLeak(() => tf.grad((i) => tf.sum(averagePool2d(i as tf.Tensor4D, 2)))(x));
    expectNoLeak(() => tf.grad((i) => tf.sum(globalAveragePool(i as tf.Tensor4D)))(x));
  });
});

test('the backends agree to the last bit, forwards and backwards', async () => {
  const values = await onEach(backends, async () => {
    const results: number[] = [];
    for (const shape of cases) {
      const { y, dx } = run(
        shape,
        randomFloats(count(shape.x), 8, -3, 3),
        randomFloats(outputs(shape), 9, -3, 3),
      );
      results.push(...(await read(y)), ...(await read(dx)));
    }
    return results;
  });
  expect(values[1]).toEqual(values[0]);
  expect(values[2]).toEqual(values[0]);
});
