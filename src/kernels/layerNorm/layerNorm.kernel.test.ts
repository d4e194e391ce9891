import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { differences } from '../testing/differences';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import fixtures from './fixtures/layerNorm.json';
import { layerNorm } from './index';

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

function reference(x: readonly number[], gamma: readonly number[], beta: readonly number[]): number[] {
  const depth = gamma.length;
  return Array.from({ length: x.length / depth }, (_, r) => x.slice(r * depth, (r + 1) * depth)).flatMap(
    (row) => {
      const m = mean(row);
      const deviation = Math.sqrt(mean(row.map((v) => (v - m) ** 2)) + 1e-5);
      return row.map((v, c) => ((v - m) / deviation) * gamma[c]! + beta[c]!);
    },
  );
}

const normalize = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
  layerNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D);

const shapes = [
  [1, 1],
  [3, 1],
  [1, 2],
  [4, 3],
  [7, 5],
  [2, 3, 8],
  [300, 13],
  [65, 64],
  [2, 2, 3, 7],
];

describe.each(backends)('layer normalization on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes.map((shape) => [shape]))('values of shape %j', async (shape) => {
    const depth = shape.at(-1)!;
    const x = randomFloats(tf.util.sizeFromShape(shape), 1, -3, 5);
    const [gamma, beta] = [randomFloats(depth, 2, -2, 2), randomFloats(depth, 3)];
    const y = normalize(tf.tensor(x, shape), tf.tensor1d(gamma), tf.tensor1d(beta));
    expect(y.shape).toEqual(shape);
    expectCloseArrays(await y.data(), reference([...x], [...gamma], [...beta]), 3e-6);
  });

  test.each([[[1, 1]], [[3, 2]], [[5, 3]], [[2, 3, 6]], [[70, 4]]])(
    'gradients of shape %j are those of finite differences',
    async (shape) => {
      const depth = shape.at(-1)!;
      const inputs = [
        randomFloats(tf.util.sizeFromShape(shape), 4, -3, 5),
        randomFloats(depth, 5, -2, 2),
        randomFloats(depth, 6),
      ] as const;
      const dy = randomFloats(inputs[0].length, 7);
      const gradients = tf.grads(normalize)(
        [tf.tensor(inputs[0], shape), tf.tensor1d(inputs[1]), tf.tensor1d(inputs[2])],
        tf.tensor(dy, shape),
      );
      expect(gradients.map((gradient) => gradient.shape)).toEqual([shape, [depth], [depth]]);
      const expected = differences(reference, inputs, dy);
      for (const [i, gradient] of gradients.entries())
        expectCloseArrays(await gradient.data(), expected[i]!, 1e-5);
    },
  );

  test.each(fixtures.cases.map((example) => [example.shape, example] as const))(
    'values and gradients of shape %j are those of PyTorch',
    async (shape, example) => {
      const { value, grads } = tf.valueAndGrads(normalize)(
        [tf.tensor(example.x, shape), tf.tensor1d(example.gamma), tf.tensor1d(example.beta)],
        tf.tensor(example.dy, shape),
      );
      expectCloseArrays(await value.data(), example.y, 2e-6);
      for (const [i, expected] of [example.dx, example.dgamma, example.dbeta].entries())
        expectCloseArrays(await grads[i]!.data(), expected, 2e-6);
    },
  );

  test('the gradients of gamma and beta are sums over many rows', async () => {
    const [rows, depth] = [1024, 9];
    const x = randomFloats(rows * depth, 8);
    const dy = randomFloats(rows * depth, 9);
    const [, dgamma, dbeta] = tf.grads(normalize)(
      [tf.tensor2d(x, [rows, depth]), tf.ones([depth]), tf.zeros([depth])],
      tf.tensor2d(dy, [rows, depth]),
    );
    const normalized = reference([...x], Array(depth).fill(1), Array(depth).fill(0));
    const sums = (term: (i: number) => number) =>
      Array.from({ length: depth }, (_, c) =>
        Array.from({ length: rows }, (_, r) => term(r * depth + c)).reduce((sum, v) => sum + v, 0),
      );
    expectCloseArrays(
      await dgamma!.data(),
      sums((i) => dy[i]! * normalized[i]!),
      1e-5,
    );
    expectCloseArrays(
      await dbeta!.data(),
      sums((i) => dy[i]!),
      1e-5,
    );
  });

  test('a constant row becomes beta', async () => {
    const y = normalize(tf.fill([2, 5], 3), tf.ones([5]), tf.tensor1d([1, 2, 3, 4, 5]));
    expect(await read(y)).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
  });

  test('NaN spreads over its row and no further', async () => {
    const x = tf.tensor2d([1, 2, 3, 4, Number.NaN, 6, 7, 8, 9, 1, Number.POSITIVE_INFINITY, 2], [4, 3]);
    const f = (v: tf.Tensor) => normalize(v, tf.ones([3]), tf.zeros([3]));
    const { value, grad } = tf.valueAndGrad(f)(x, tf.ones([4, 3]));
    const wrong = [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1].map((bad) => bad === 1);
    expect(Array.from(await value.data(), Number.isNaN)).toEqual(wrong);
    expect(Array.from(await grad.data(), Number.isNaN)).toEqual(wrong);
  });

  test('nothing is left behind', () => {
    const inputs = [tf.tensor2d(randomFloats(15, 1), [5, 3]), tf.ones([3]), tf.zeros([3])] as const;
    expectNoLeak(() => normalize(...inputs));
    expectNoLeak(() => tf.grads(normalize)([...inputs]));
  });

  test('a gamma or beta of the wrong length is refused in a sentence', () => {
    expect(() => normalize(tf.zeros([2, 3]), tf.ones([2]), tf.zeros([3]))).toThrow("The layer norm's gamma");
    expect(() => normalize(tf.zeros([2, 3]), tf.ones([3]), tf.zeros([3, 1]))).toThrow(
      "The layer norm's beta",
    );
  });
});

test('all backends give the same bits, also in the gradient of x', async () => {
  for (const depth of [64, 7]) {
    const x = randomFloats(200 * depth, 10, -3, 9);
    const compute = async () => {
      const gamma = tf.tensor1d(randomFloats(depth, 11));
      const f = (v: tf.Tensor) => normalize(v, gamma, tf.tensor1d(randomFloats(depth, 12)));
      const dy = tf.tensor2d(randomFloats(200 * depth, 13), [200, depth]);
      const { value, grad } = tf.valueAndGrad(f)(tf.tensor2d(x, [200, depth]), dy);
      return [await read(value), await read(grad)];
    };
    const [cpu, wasm, webgpu] = await onEach(backends, compute);
    expect(wasm).toEqual(cpu);
    expect(webgpu).toEqual(cpu);
  }
});
