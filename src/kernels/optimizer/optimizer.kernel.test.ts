import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import { adamStep, adamTick, initialAdamHyper, sgdStep } from './index';

const variable = (values: ArrayLike<number>, shape: number[]) =>
  tf.variable(tf.tensor(Float32Array.from(Array.from(values)), shape), false);

/** Algorithm 1 of Kingma & Ba in float64. */
function adam(start: Float32Array, gradients: readonly Float32Array[], learningRate: number): number[] {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  return Array.from(start, (weight, i) => {
    let [w, m, v] = [weight, 0, 0];
    gradients.forEach((g, step) => {
      const t = step + 1;
      m = beta1 * m + (1 - beta1) * g[i]!;
      v = beta2 * v + (1 - beta2) * g[i]! ** 2;
      w -= (learningRate * (m / (1 - beta1 ** t))) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon);
    });
    return w;
  });
}

function sgd(
  start: Float32Array,
  gradients: readonly Float32Array[],
  rate: number,
  momentum: number,
): number[] {
  return Array.from(start, (weight, i) => {
    let [w, velocity] = [weight, 0];
    for (const g of gradients) {
      velocity = momentum * velocity + g[i]!;
      w -= rate * velocity;
    }
    return w;
  });
}

const shapes = [[1], [3], [4], [5], [7, 9], [3, 3, 4, 8], [1000]];
const steps = 50;

const gradientsOf = (size: number) =>
  Array.from({ length: steps }, (_, t) => randomFloats(size, 100 + t, -0.5, 1));

/** Weights after the steps. */
async function runAdam(start: Float32Array, shape: number[], gradients: readonly Float32Array[]) {
  const w = variable(start, shape);
  const [m, v] = [
    variable(new Float32Array(start.length), shape),
    variable(new Float32Array(start.length), shape),
  ];
  const hyper = variable(initialAdamHyper(0.01), [6]);
  for (const g of gradients) {
    tf.tidy(() => {
      adamTick(hyper);
      adamStep(w, tf.tensor(g, shape), m, v, hyper);
    });
  }
  return read(w);
}

describe.each(backends)('the optimizers on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes.map((shape) => [shape]))('50 steps of Adam on shape %j', async (shape) => {
    const size = tf.util.sizeFromShape(shape);
    const start = randomFloats(size, 90);
    const gradients = gradientsOf(size);
    // beta2 as float32 differs from .999 by 1.3e-5 of 1 - beta2, which moves a weight by that share of its way.
    expectCloseArrays(await runAdam(start, shape, gradients), adam(start, gradients, 0.01), 1e-5);
  });

  test.each(shapes.map((shape) => [shape]))('50 steps of SGD with momentum on shape %j', async (shape) => {
    const size = tf.util.sizeFromShape(shape);
    const start = randomFloats(size, 91);
    const gradients = gradientsOf(size);
    const [w, velocity] = [variable(start, shape), variable(new Float32Array(size), shape)];
    const hyper = variable([0.05, 0.9], [2]);
    for (const g of gradients) tf.tidy(() => sgdStep(w, tf.tensor(g, shape), velocity, hyper));
    expectCloseArrays(await read(w), sgd(start, gradients, 0.05, 0.9), 5e-6);
  });

  test('the first step of Adam is the learning rate, against the sign of the gradient', async () => {
    const [w, m, v] = [variable([1, 1, 1], [3]), variable([0, 0, 0], [3]), variable([0, 0, 0], [3])];
    const hyper = variable(initialAdamHyper(0.125), [6]);
    adamTick(hyper);
    adamStep(w, tf.tensor1d([3, -0.01, 0]), m, v, hyper);
    expectCloseArrays(await read(w), [0.875, 1.125, 1], 1e-5);
  });

  test('steps from the one on where 1 - beta^t is 1 in float32', async () => {
    const [start, gradient] = [randomFloats(13, 92), randomFloats(13, 93)];
    for (const powers of [
      [0, 0.5],
      [2 ** -26, 0],
      [2 ** -24, 2 ** -26],
    ]) {
      const [w, m, v] = [
        variable(start, [13]),
        variable(new Float32Array(13), [13]),
        tf.variable(tf.ones([13])),
      ];
      adamStep(w, tf.tensor1d(gradient), m, v, variable([0.01, 0.9, 0.999, 1e-8, ...powers], [6]));
      const expected = Array.from(start, (from, i) => {
        const [first, second] = [0.1 * gradient[i]!, 0.999 + 0.001 * gradient[i]! ** 2];
        return from - (0.01 * (first / (1 - powers[0]!))) / (Math.sqrt(second / (1 - powers[1]!)) + 1e-8);
      });
      expectCloseArrays(await read(w), expected, 1e-6);
    }
  });

  test('a tick multiplies the powers of the betas', async () => {
    const hyper = variable(initialAdamHyper(0.1, 0.5, 0.75), [6]);
    adamTick(hyper);
    adamTick(hyper);
    expect((await read(hyper)).slice(4)).toEqual([0.25, 0.5625]);
  });

  test('a learning rate that changes between steps is followed', async () => {
    const [w, velocity] = [variable([1, 1], [2]), variable([0, 0], [2])];
    const hyper = variable([0.5, 0], [2]);
    sgdStep(w, tf.tensor1d([1, 2]), velocity, hyper);
    expect(await read(w)).toEqual([0.5, 0]);
    hyper.assign(tf.tensor1d([0.25, 0]));
    sgdStep(w, tf.tensor1d([1, 2]), velocity, hyper);
    expect(await read(w)).toEqual([0.25, -0.5]);
  });

  test('reading weights between steps neither freezes them nor changes what was read', async () => {
    const source = Float32Array.of(1, 2);
    const w = tf.variable(tf.tensor1d(source), false);
    const velocity = variable([0, 0], [2]);
    const hyper = variable([1, 0], [2]);
    sgdStep(w, tf.tensor1d([1, 1]), velocity, hyper);
    const first = await w.data();
    sgdStep(w, tf.tensor1d([1, 1]), velocity, hyper);
    expect([...first]).toEqual([0, 1]);
    expect([...(await w.data())]).toEqual([-1, 0]);
    expect([...source]).toEqual([1, 2]);
  });

  test('a read that is under way during a step gives the old weights, and the next one the new', async () => {
    const [w, velocity] = [variable([1, 2], [2]), variable([0, 0], [2])];
    const hyper = variable([1, 0], [2]);
    const g = tf.tensor1d([1, 1]);
    sgdStep(w, g, velocity, hyper);
    const reading = w.data();
    sgdStep(w, g, velocity, hyper);
    expect([...(await reading)]).toEqual([0, 1]);
    expect([...(await w.data())]).toEqual([-1, 0]);
  });

  test('other operations see the new weights', async () => {
    const [w, velocity] = [variable([1, 2], [2]), variable([0, 0], [2])];
    const hyper = variable([1, 0], [2]);
    const before = tf.mul(w, 10);
    sgdStep(w, tf.tensor1d([1, 1]), velocity, hyper);
    expect(await read(tf.mul(w, 10))).toEqual([0, 10]);
    expect(await read(before)).toEqual([10, 20]);
  });

  test('a NaN gradient makes its weight NaN and no other', async () => {
    const [w, m, v] = [variable([1, 1], [2]), variable([0, 0], [2]), variable([0, 0], [2])];
    const hyper = variable(initialAdamHyper(0.1), [6]);
    adamTick(hyper);
    adamStep(w, tf.tensor1d([Number.NaN, 0]), m, v, hyper);
    const values = await w.data();
    expect(values[0]).toBeNaN();
    expect(values[1]).toBe(1);
  });

  test('nothing is left behind', () => {
    const [w, m, v] = [variable([1, 1], [2]), variable([0, 0], [2]), variable([0, 0], [2])];
    const adamHyper = variable(initialAdamHyper(0.1), [6]);
    const sgdHyper = variable([0.1, 0.9], [2]);
    const g = tf.tensor1d([1, 2]);
    expectNoLeak(() => adamTick(adamHyper));
    expectNoLeak(() => adamStep(w, g, m, v, adamHyper));
    expectNoLeak(() => sgdStep(w, g, m, sgdHyper));
  });

  test('tensors of unequal shapes are refused in a sentence', () => {
    const [w, m] = [variable([1, 1], [2]), variable([0, 0], [2])];
    expect(() => sgdStep(w, tf.tensor1d([1, 2, 3]), m, variable([0, 0], [2]))).toThrow(
      'The gradient must have the shape [2], but has [3].',
    );
  });
});

test('wasm and cpu give the same weights to the last bit, webgpu within rounding', async () => {
  const start = randomFloats(37, 95);
  // Beyond the step where 1 - 0.9^t becomes 1.
  const gradients = [...gradientsOf(37), ...gradientsOf(37), ...gradientsOf(37), ...gradientsOf(37)];
  const compute = () => runAdam(start, [37], gradients);
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expectCloseArrays(webgpu!, cpu!, 2e-6);
});
