/** The kernels of sequence layers together, at the sizes of the presets. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attentionSoftmax } from './attentionSoftmax';
import { embedding } from './embedding';
import { gruGates, gruState } from './gru';
import { layerNorm } from './layerNorm';
import { adamStep, adamTick, initialAdamHyper } from './optimizer';
import { softmaxCrossEntropy } from './softmaxCrossEntropy';
import { backends, randomFloats, randomIntegers, startBackend } from './testing/backends';
import { read } from './testing/tensors';

function variable(shape: number[], seed: number): tf.Variable {
  const bound = Math.sqrt(1 / shape[0]!);
  return tf.variable(tf.tensor(randomFloats(tf.util.sizeFromShape(shape), seed, -bound, bound), shape));
}

/** Trains for some steps; returns the losses. Expects every step after the first to leave no tensor behind. */
async function train(loss: () => tf.Scalar, variables: tf.Variable[], steps: number): Promise<number[]> {
  const moments = variables.map((v) => [
    tf.variable(tf.zerosLike(v), false),
    tf.variable(tf.zerosLike(v), false),
  ]);
  const hyper = tf.variable(tf.tensor1d(initialAdamHyper(0.01)), false);
  const losses: number[] = [];
  let tensors: number | undefined;
  for (let step = 0; step < steps; step++) {
    const value = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, variables);
      adamTick(hyper);
      variables.forEach((v, i) => {
        adamStep(v, grads[v.name]!, moments[i]![0]!, moments[i]![1]!, hyper);
      });
      return value;
    });
    losses.push((await read(value))[0]!);
    value.dispose();
    tensors ??= tf.memory().numTensors;
    expect(tf.memory().numTensors).toBe(tensors);
  }
  return losses;
}

describe.each(backends)('sequence kernels on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  // The presets' batch where it takes no time; a plain or simulated backend would take a minute for it.
  const batch = backend === 'wasm' ? 64 : 3;
  const [steps, fall] = backend === 'webgpu' ? [4, 0.95] : [12, 0.8];

  test('a GRU over 28 rows of 28 pixels learns', async () => {
    const [time, inputs, hidden, classes] = [28, 28, 64, 10];
    const x = tf.tensor3d(randomFloats(batch * time * inputs, 1), [batch, time, inputs]);
    const labels = tf.tensor1d([...randomIntegers(batch, 2, 0, classes - 1)], 'int32');
    const variables = [
      variable([inputs, 3 * hidden], 3),
      variable([hidden, 3 * hidden], 4),
      variable([hidden, classes], 5),
    ];
    const [wi, wh, wo] = variables as [tf.Variable, tf.Variable, tf.Variable];
    const loss = () => {
      const parts = tf.reshape(tf.matMul(tf.reshape(x, [-1, inputs]), wi as unknown as tf.Tensor2D), [
        batch,
        time,
        3 * hidden,
      ]);
      let h: tf.Tensor2D = tf.zeros([batch, hidden]);
      for (const part of tf.unstack(parts, 1))
        h = gruState(gruGates(part as tf.Tensor2D, tf.matMul(h, wh as unknown as tf.Tensor2D)), h);
      return softmaxCrossEntropy(tf.matMul(h, wo as unknown as tf.Tensor2D), labels);
    };
    const losses = await train(loss, variables, steps);
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)! / losses[0]!).toBeLessThan(fall);
  });

  test('a causal transformer block over 32 characters learns', async () => {
    const [time, depth, heads, tokens] = [32, 64, 4, 16];
    const ids = randomIntegers(batch * time, 6, 0, tokens - 1);
    const x = tf.tensor2d(ids, [batch, time], 'int32');
    // To repeat the character before: what attention is for.
    const before = Array.from(ids, (id, i) => (i % time === 0 ? id : ids[i - 1]!));
    const labels = tf.tensor1d(before, 'int32');
    const variables = [
      variable([tokens, depth], 7),
      variable([time, depth], 8),
      variable([depth, depth], 9),
      variable([depth, depth], 10),
      variable([depth, depth], 11),
      variable([depth, tokens], 12),
    ];
    const scale = tf.scalar(1 / Math.sqrt(depth / heads));
    const loss = () => {
      const [table, positions, wq, wk, wv, wo] = variables as unknown as tf.Tensor2D[];
      const embedded = tf.add(embedding(x, table!), positions!);
      const normed = layerNorm(embedded, tf.ones([depth]), tf.zeros([depth]));
      const rows = tf.reshape(normed, [-1, depth]) as tf.Tensor2D;
      const split = (w: tf.Tensor2D) =>
        tf.transpose(tf.reshape(tf.matMul(rows, w), [batch, time, heads, depth / heads]), [0, 2, 1, 3]);
      const weights = attentionSoftmax(tf.matMul(split(wq!), split(wk!), false, true), scale, true);
      const mixed = tf.transpose(tf.matMul(weights, split(wv!)), [0, 2, 1, 3]);
      const logits = tf.matMul(tf.reshape(mixed, [-1, depth]) as tf.Tensor2D, wo!);
      return softmaxCrossEntropy(logits as tf.Tensor2D, labels);
    };
    const losses = await train(loss, variables, steps);
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)! / losses[0]!).toBeLessThan(fall);
  });
});
