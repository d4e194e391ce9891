import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { differences } from '../testing/differences';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import { expFloat32 } from './exp';
import fixtures from './fixtures/attention.json';
import { attentionSoftmax } from './index';

/** The softmax of the visible scores of each row, in float64. */
function reference(
  scores: readonly number[],
  [queries, keys]: readonly [number, number],
  scale: number,
  causal: boolean,
): number[] {
  return Array.from({ length: scores.length / keys }, (_, row) => {
    const visible = scores.slice(row * keys, row * keys + (causal ? (row % queries) + 1 : keys));
    const largest = Math.max(...visible.map((score) => score * scale));
    const exponentials = visible.map((score) => Math.exp(score * scale - largest));
    const total = exponentials.reduce((sum, v) => sum + v, 0);
    return Array.from({ length: keys }, (_, k) => (exponentials[k] ?? 0) / total);
  }).flat();
}

const shapes: [number[], boolean][] = [
  [[1, 1], false],
  [[1, 1], true],
  [[2, 3, 3], true],
  [[2, 3, 5], false],
  [[3, 4, 4], true],
  [[2, 2, 7, 7], true],
  [[5, 9, 9], false],
  [[8, 4, 32, 32], true],
  [[2, 28, 28], false],
  [[1, 70, 70], true],
];

describe.each(backends)('attention softmax on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes)('weights of shape %j, causal: %s', async (shape, causal) => {
    const scores = randomFloats(tf.util.sizeFromShape(shape), 1, -40, 40);
    const p = attentionSoftmax(tf.tensor(scores, shape), tf.tensor1d([0.25]), causal);
    expect(p.shape).toEqual(shape);
    const expected = reference([...scores], shape.slice(-2) as [number, number], 0.25, causal);
    const values = await read(p);
    expectCloseArrays(values, expected, 2e-6);
    if (causal) expect(values.every((v, i) => expected[i] !== 0 || v === 0)).toBe(true);
  });

  test.each(shapes.slice(0, 6))('the gradient of shape %j, causal: %s', async (shape, causal) => {
    const scores = randomFloats(tf.util.sizeFromShape(shape), 2, -4, 4);
    const dy = randomFloats(scores.length, 3);
    const f = (s: tf.Tensor) => attentionSoftmax(s, tf.scalar(0.5), causal);
    const gradient = tf.grad(f)(tf.tensor(scores, shape), tf.tensor(dy, shape));
    const size = shape.slice(-2) as [number, number];
    const [expected] = differences((s) => reference([...s], size, 0.5, causal), [scores], dy);
    expectCloseArrays(await gradient.data(), expected!, 1e-6);
  });

  test.each(fixtures.cases.map((example) => [example.causal, example] as const))(
    'attention and its gradients are those of PyTorch, causal: %s',
    async (causal, example) => {
      const shape = example.shape as [number, number, number];
      const scale = tf.scalar(1 / Math.sqrt(shape[2]));
      const weights = (q: tf.Tensor, k: tf.Tensor) =>
        attentionSoftmax(tf.matMul(q as tf.Tensor3D, k as tf.Tensor3D, false, true), scale, causal);
      const attend = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => tf.matMul(weights(q, k), v as tf.Tensor3D);
      const inputs = [example.q, example.k, example.v].map((values) => tf.tensor3d(values, shape));
      const { value, grads } = tf.valueAndGrads(attend)(inputs, tf.tensor3d(example.dy, shape));
      expectCloseArrays(await weights(inputs[0]!, inputs[1]!).data(), example.p, 1e-6);
      expectCloseArrays(await value.data(), example.y, 2e-6);
      for (const [i, expected] of [example.dq, example.dk, example.dv].entries())
        expectCloseArrays(await grads[i]!.data(), expected, 2e-6);
    },
  );

  test('extreme scores neither overflow nor underflow to anything but 0', async () => {
    const scores = tf.tensor2d([1e30, 0, -1e30, 0, -63, -65, 5, 5, -3e38], [3, 3]);
    const p = await read(attentionSoftmax(scores, tf.scalar(1), false));
    expect([...p.slice(0, 3), p[5]]).toEqual([1, 0, 0, 0]);
    expect(p[4]! / Math.exp(-63)).toBeCloseTo(1, 5);
    expect(p.slice(6)).toEqual([0.5, 0.5, 0]);
  });

  test('NaN takes the row that sees it, and leaves later keys 0', async () => {
    const scores = tf.tensor2d([1, Number.NaN, 1, 1, 2, 3, 1, 2, Number.POSITIVE_INFINITY], [3, 3]);
    const causal = Array.from(await attentionSoftmax(scores, tf.scalar(1), true).data());
    expect(causal.slice(0, 3)).toEqual([1, 0, 0]);
    expect(causal.map(Number.isNaN)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1].map((wrong) => wrong === 1));
    const full = await attentionSoftmax(scores, tf.scalar(1), false).data();
    expect(Array.from(full, Number.isNaN)).toEqual([1, 1, 1, 0, 0, 0, 1, 1, 1].map((wrong) => wrong === 1));
  });

  test('nothing is left behind', () => {
    const scores = tf.tensor3d(randomFloats(32, 1), [2, 4, 4]);
    const scale = tf.scalar(0.5);
    const f = (s: tf.Tensor) => attentionSoftmax(s, scale, true);
    expectNoLeak(() => f(scores));
    expectNoLeak(() => tf.grad(f)(scores));
  });

  test('a causal softmax of other than square scores, or many scales, are refused in a sentence', () => {
    expect(() => attentionSoftmax(tf.zeros([2, 3]), tf.scalar(1), true)).toThrow('[..., Q, K] with Q = K');
    expect(() => attentionSoftmax(tf.zeros([3]), tf.scalar(1), false)).toThrow('[..., Q, K]');
    expect(() => attentionSoftmax(tf.zeros([2, 3]), tf.zeros([2]), false)).toThrow('must be one value');
  });
});

test('the exponential is within 2 ULP everywhere', () => {
  let worst = 0;
  for (let i = 0; i <= 640_000; i++) {
    const x = Math.fround(-i / 10_000);
    worst = Math.max(worst, Math.abs(Math.fround(expFloat32(x)) / Math.exp(x) - 1));
  }
  expect(worst).toBeLessThan(2 ** -22);
});

test('all backends give the same bits, also in the gradient', async () => {
  for (const size of [32, 13]) {
    const scores = randomFloats(20 * size * size, 5, -50, 50);
    const compute = async () => {
      const shape: [number, number, number] = [20, size, size];
      const dy = tf.tensor3d(randomFloats(scores.length, 6), shape);
      const f = (s: tf.Tensor) => attentionSoftmax(s, tf.scalar(0.37), size === 32);
      const { value, grad } = tf.valueAndGrad(f)(tf.tensor3d(scores, shape), dy);
      return [await read(value), await read(grad)];
    };
    const [cpu, wasm, webgpu] = await onEach(backends, compute);
    expect(wasm).toEqual(cpu);
    expect(webgpu).toEqual(cpu);
  }
});
