import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { batchNorm, epsilon } from '@/kernels/batchNorm';
import { backends, expectCloseArrays, randomFloats, startBackend } from '@/kernels/testing/backends';
import { expectNoLeak, onEach, read } from '@/kernels/testing/tensors';
import { foldedBias, foldedWeights } from './fold';

const channels = 5;
const gamma = randomFloats(channels, 1, 0.5, 2);
const beta = randomFloats(channels, 2);
const means = randomFloats(channels, 3);
const variances = randomFloats(channels, 4, 0.05, 3);
const w = randomFloats(3 * 3 * 4 * channels, 5);
const inverses = Array.from(variances, (variance) => 1 / Math.sqrt(variance + epsilon));

const tensors = () => ({
  weights: tf.tensor4d(w, [3, 3, 4, channels]),
  scale: tf.tensor1d(gamma),
  shift: tf.tensor1d(beta),
  running: tf.tensor2d([...means, ...variances], [2, channels]),
});

describe.each(backends)('folding batch normalization on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('a convolution by the folded weights is the convolution normalized', async () => {
    const { weights, scale, shift, running } = tensors();
    const x = tf.tensor4d(randomFloats(2 * 6 * 6 * 4, 6), [2, 6, 6, 4]);
    const separate = batchNorm(tf.conv2d(x, weights, 1, 'same'), scale, shift, running);
    const folded = tf.add(
      tf.conv2d(x, foldedWeights(weights, scale, running), 1, 'same'),
      foldedBias(scale, shift, running),
    );
    expectCloseArrays(await read(folded), await read(separate), 1e-6);
  });

  test('weights pass their gradients on to w and gamma', async () => {
    const { weights, scale, running } = tensors();
    const dy = randomFloats(w.length, 7);
    const cotangent = tf.tensor4d(dy, [3, 3, 4, channels]);
    const [dw, dgamma] = tf.grads((v, g) =>
      tf.sum(tf.mul(cotangent, foldedWeights(v!, g as tf.Tensor1D, running))),
    )([weights, scale]);
    expectCloseArrays(
      await read(dw!),
      Array.from(dy, (g, i) => g * gamma[i % channels]! * inverses[i % channels]!),
      1e-6,
    );
    const expected = new Float64Array(channels);
    dy.forEach((g, i) => {
      expected[i % channels]! += g * w[i]! * inverses[i % channels]!;
    });
    expectCloseArrays(await read(dgamma!), expected, 1e-6);
  });

  test('the bias passes its gradients on to beta and gamma', async () => {
    const { scale, shift, running } = tensors();
    const dy = randomFloats(channels, 8);
    const [dgamma, dbeta] = tf.grads((g, b) =>
      tf.sum(tf.mul(tf.tensor1d(dy), foldedBias(g as tf.Tensor1D, b as tf.Tensor1D, running))),
    )([scale, shift]);
    expectCloseArrays(await read(dbeta!), dy);
    expectCloseArrays(
      await read(dgamma!),
      Array.from(dy, (g, c) => -g * means[c]! * inverses[c]!),
      1e-6,
    );
  });

  test('a depthwise filter folds by its third axis', async () => {
    const { scale, running } = tensors();
    const filter = tf.tensor4d(w.slice(0, 9 * channels), [3, 3, channels, 1]);
    const folded = tf.reshape(foldedWeights(tf.reshape(filter, [3, 3, channels]), scale, running), [
      3,
      3,
      channels,
      1,
    ]);
    expectCloseArrays(
      await read(folded),
      Array.from(w.slice(0, 9 * channels), (v, i) => v * gamma[i % channels]! * inverses[i % channels]!),
      1e-6,
    );
  });

  test('nothing is left behind, and other channels are refused', () => {
    const { weights, scale, shift, running } = tensors();
    expectNoLeak(() => foldedWeights(weights, scale, running));
    expectNoLeak(() => foldedBias(scale, shift, running));
    expect(() => foldedWeights(tf.ones([3, 3, channels, 1]), scale, running)).toThrow('have 1 channels');
  });
});

test('the backends fold to the same bits', async () => {
  const [cpu, wasm, webgpu] = await onEach(backends, async () => {
    const { weights, scale, shift, running } = tensors();
    return [
      ...(await read(foldedWeights(weights, scale, running))),
      ...(await read(foldedBias(scale, shift, running))),
    ];
  });
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
