import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import fixtures from './fixtures/crossEntropy.json';
import { softmaxCrossEntropy } from './index';

/** Loss and gradient in float64, from probabilities. */
function reference(logits: Float32Array, labels: readonly number[], classes: number) {
  let loss = 0;
  const gradient: number[] = [];
  labels.forEach((label, b) => {
    const row = Array.from(logits.subarray(b * classes, (b + 1) * classes));
    const largest = Math.max(...row);
    const total = row.reduce((s, x) => s + Math.exp(x - largest), 0);
    const probabilities = row.map((x) => Math.exp(x - largest) / total);
    loss -= Math.log(probabilities[label]!) / labels.length;
    gradient.push(...probabilities.map((p, k) => (p - (k === label ? 1 : 0)) / labels.length));
  });
  return { loss, gradient };
}

const shapes = [
  [1, 1],
  [1, 2],
  [3, 3],
  [7, 10],
  [64, 10],
  [65, 4],
  [300, 13],
  [1000, 65],
] as const;

describe.each(backends)('softmaxCrossEntropy on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes)('loss and gradient of random logits [%i, %i]', async (batch, classes) => {
    const logits = randomFloats(batch * classes, 70, -6, 6);
    const labels = Array.from(randomIntegers(batch, 71, 0, classes - 1));
    const x = tf.tensor2d(logits, [batch, classes]);
    const y = tf.tensor1d(labels, 'int32');
    const { value, grad } = tf.valueAndGrad((l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, y))(x);
    const expected = reference(logits, labels, classes);
    expect(value.shape).toEqual([]);
    expectCloseArrays(await value.data(), [expected.loss], 2e-6);
    // Relative to the size of an entry, 1 / batch.
    const scaled = (values: ArrayLike<number>) => Array.from(values, (g) => g * batch);
    expectCloseArrays(scaled(await grad.data()), scaled(expected.gradient), 2e-6);
  });

  test('equal logits cost log K nats', async () => {
    const labels = tf.tensor1d([0, 9, 4], 'int32');
    expectCloseArrays(await softmaxCrossEntropy(tf.zeros([3, 10]), labels).data(), [Math.log(10)], 1e-6);
  });

  test('extreme logits neither overflow nor lose the loss', async () => {
    const logits = tf.tensor2d([1e4, 0, -1e4, -200, -200, 100, 3e38, -3e38, 0], [3, 3]);
    const wrong = softmaxCrossEntropy(tf.slice(logits, [0, 0], [1, 3]), tf.tensor1d([1], 'int32'));
    expect(await read(wrong)).toEqual([1e4]);
    const right = softmaxCrossEntropy(logits, tf.tensor1d([0, 2, 0], 'int32'));
    expect(await read(right)).toEqual([0]);
  });

  test('probabilities far below the largest keep their relative precision', async () => {
    const logits = Float32Array.of(0, -5, -20, -60, -80);
    const f = (l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, tf.tensor1d([0], 'int32'));
    const gradient = await tf
      .grad(f)(tf.tensor2d(logits, [1, 5]))
      .data();
    const expected = reference(logits, [0], 5).gradient;
    const ratios = Array.from(gradient.slice(1), (g, i) => g / expected[i + 1]!);
    expectCloseArrays(ratios, [1, 1, 1, 1], 1e-5);
  });

  test('the gradient is scaled by that of what follows', async () => {
    const labels = tf.tensor1d([1], 'int32');
    const f = (l: tf.Tensor) => tf.mul(softmaxCrossEntropy(l as tf.Tensor2D, labels), 3);
    expectCloseArrays(
      await tf
        .grad(f)(tf.zeros([1, 2]))
        .data(),
      [1.5, -1.5],
      1e-6,
    );
  });

  test('a NaN or infinite logit and a label that is no class make the loss NaN', async () => {
    const loss = async (logits: number[], label: number) =>
      (await softmaxCrossEntropy(tf.tensor2d(logits, [1, 5]), tf.tensor1d([label], 'int32')).data())[0];
    expect(await loss([1, 2, Number.NaN, 4, 5], 0)).toBeNaN();
    expect(await loss([Number.NaN, 2, 3, 4, 5], 1)).toBeNaN();
    expect(await loss([1, 2, 3, 4, Number.NaN], 1)).toBeNaN();
    expect(await loss([1, Number.POSITIVE_INFINITY, 3, 4, 5], 0)).toBeNaN();
    expect(await loss([1, 2, 3, 4, 5], 5)).toBeNaN();
    expect(await loss([1, 2, 3, 4, 5], -2)).toBeNaN();
  });

  test('a row whose label is -1 is left out, whatever its logits', async () => {
    const classes = 7;
    const rows = 150;
    const logits = randomFloats(rows * classes, 72, -6, 6);
    const labels = Array.from(randomIntegers(rows, 73, -1, classes - 1));
    const kept = labels.flatMap((label, b) => (label === -1 ? [] : [b]));
    expect(kept.length).toBeLessThan(rows);
    const rowOf = (values: Float32Array, b: number) => [...values.subarray(b * classes, (b + 1) * classes)];
    const expected = reference(
      Float32Array.from(kept.flatMap((b) => rowOf(logits, b))),
      kept.map((b) => labels[b]!),
      classes,
    );
    logits[labels.indexOf(-1) * classes] = Number.NaN;
    const y = tf.tensor1d(labels, 'int32');
    const f = (l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, y);
    const { value, grad } = tf.valueAndGrad(f)(tf.tensor2d(logits, [rows, classes]));
    expectCloseArrays(await value.data(), [expected.loss], 2e-6);
    const gradient = (await grad.data()) as Float32Array;
    expectCloseArrays(
      kept.flatMap((b) => rowOf(gradient, b)).map((g) => g * kept.length),
      expected.gradient.map((g) => g * kept.length),
      2e-6,
    );
    labels.forEach((label, b) => {
      if (label === -1) expect(rowOf(gradient, b)).toEqual(Array(classes).fill(0));
    });
  });

  test.each(fixtures.cases.map((example) => [example.name, example] as const))(
    'loss and gradient are PyTorch’s: %s',
    async (_, { logits, labels, classes, loss, gradient }) => {
      const y = tf.tensor1d(labels, 'int32');
      const f = (l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, y);
      const { value, grad } = tf.valueAndGrad(f)(tf.tensor2d(logits, [labels.length, classes]));
      expectCloseArrays(await read(value), [loss], 1e-6);
      expectCloseArrays(await read(grad), gradient, 3e-7);
    },
  );

  test('where every row is left out, loss and gradient are 0', async () => {
    const y = tf.tensor1d([-1, -1, -1], 'int32');
    const f = (l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, y);
    const { value, grad } = tf.valueAndGrad(f)(tf.tensor2d(randomFloats(15, 74), [3, 5]));
    expect(await read(value)).toEqual([0]);
    expect(await read(grad)).toEqual(Array(15).fill(0));
  });

  test('NaN in one row of logits leaves the gradient of the others alone', async () => {
    const labels = tf.tensor1d([0, 0], 'int32');
    const f = (l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, labels);
    const gradient = await tf
      .grad(f)(tf.tensor2d([Number.NaN, 1, 0, 0], [2, 2]))
      .data();
    expect(Array.from(gradient.slice(0, 2), Number.isNaN)).toEqual([true, true]);
    expectCloseArrays(gradient.slice(2), [-0.25, 0.25], 1e-6);
  });

  test('nothing is left behind', () => {
    const logits = tf.tensor2d(randomFloats(35, 1), [7, 5]);
    const labels = tf.tensor1d([0, 1, 2, 3, 4, 0, 1], 'int32');
    const f = (l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, labels);
    expectNoLeak(() => f(logits));
    expectNoLeak(() => tf.grad(f)(logits));
  });

  test('labels of another type or length are refused in a sentence', () => {
    expect(() => softmaxCrossEntropy(tf.zeros([2, 3]), tf.tensor1d([0, 1]))).toThrow('must be int32');
    expect(() => softmaxCrossEntropy(tf.zeros([2, 3]), tf.tensor1d([0], 'int32'))).toThrow(
      'The labels must have the shape [2], but has [1].',
    );
  });
});

test('the backends agree on loss and gradient within rounding', async () => {
  const logits = randomFloats(640, 80, -4, 4);
  const labels = Array.from(randomIntegers(64, 81, 0, 9));
  const compute = async () => {
    const f = (l: tf.Tensor) => softmaxCrossEntropy(l as tf.Tensor2D, tf.tensor1d(labels, 'int32'));
    const { value, grad } = tf.valueAndGrad(f)(tf.tensor2d(logits, [64, 10]));
    return [...(await read(value)), ...(await read(grad))];
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expectCloseArrays(wasm!, cpu!, 1e-6);
  expectCloseArrays(webgpu!, cpu!, 1e-6);
});
