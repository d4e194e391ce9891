import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import {
  weightQuantizers as kinds,
  type WeightQuantizerKind,
  type WeightSite,
  weightQuantizerOf,
  weightSite,
} from '@/catalog/quantizers';
import { backends, expectCloseArrays, randomFloats, startBackend } from '@/kernels/testing/backends';
import { expectNoLeak, read } from '@/kernels/testing/tensors';
import { weightSettings } from './settings';
import { roundWeights, weightQuantizers } from './weights';

const all = Object.keys(kinds) as WeightQuantizerKind[];
const grouped = all.filter((kind) => weightQuantizerOf(kind).groups);
const shape = [40, 3];
const values = randomFloats(120, 3, -1.5, 1.2);
const stopped = () => tf.tensor1d([-1]);

function stateOf(site: WeightSite, weights: tf.Tensor) {
  const quantizer = weightQuantizers[site.quantizer];
  const settings = tf.variable(tf.tensor1d(weightSettings(site, quantizer, weights.shape, 1)), false);
  const learned = quantizer.learned && tf.variable(quantizer.learned.initial(weights, site));
  return { settings, ...(learned ? { learned } : {}) };
}
/** The weights meant, and the gradient of sum(dy * them). */
async function roundedAndGradient(x: tf.Tensor, site: WeightSite, dy: tf.Tensor, clock = stopped()) {
  const state = stateOf(site, x);
  const meant = (w: tf.Tensor) => {
    const { values: q, params } = roundWeights(w, site, state, clock);
    return tf.mul(q, tf.reshape(tf.slice(params, [0, 0], [1, -1]), [-1]));
  };
  return { y: await read(meant(x)), dx: await read(tf.grad(meant)(x, dy)) };
}

describe.each(backends)('weights in groups on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(grouped)('%s: a group is rounded as a channel of these weights alone', async (quantizer) => {
    const dy = randomFloats(120, 4);
    for (const [bits, estimator] of [
      [4, 'ste'],
      [2, 'ewgs'],
      [1, 'ste'],
    ] as const) {
      const site: WeightSite = { ...weightSite(bits), quantizer, estimator, granularity: 'group16' };
      const whole = await roundedAndGradient(tf.tensor(values, shape), site, tf.tensor(dy, shape));
      for (const [start, rows] of [
        [0, 16],
        [16, 16],
        [32, 8],
      ] as const) {
        const [from, to] = [start * 3, (start + rows) * 3];
        const alone = await roundedAndGradient(
          tf.tensor(values.subarray(from, to), [rows, 3]),
          { ...site, granularity: 'channel' },
          tf.tensor(dy.subarray(from, to), [rows, 3]),
        );
        // Means are sums in another order.
        expectCloseArrays(whole.y.slice(from, to), alone.y, 1e-6);
        expectCloseArrays(whole.dx.slice(from, to), alone.dx, 1e-6);
      }
    }
  });

  test('the scales are in the values, and own says what they were', async () => {
    const site: WeightSite = { ...weightSite(4), granularity: 'group16' };
    const x = tf.tensor(values, shape);
    const { values: y, params, own } = roundWeights(x, site, stateOf(site, x), stopped());
    expect(await read(params)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(own?.shape).toEqual([4, 120]);
    const scales = (await read(own!)).slice(0, 120);
    const steps = (await read(y)).map((value, i) => value / scales[i]!);
    for (const step of steps) expect(Math.abs(step - Math.round(step))).toBeLessThan(1e-5);
    expect(Math.max(...steps.map(Math.abs))).toBeCloseTo(7);
  });

  test('32 bits lets weights and gradient through', async () => {
    for (const quantizer of grouped) {
      const site: WeightSite = { ...weightSite(32), quantizer, granularity: 'group32' };
      const dy = tf.tensor(randomFloats(120, 6), shape);
      const { y, dx } = await roundedAndGradient(tf.tensor(values, shape), site, dy);
      expect(y).toEqual(Array.from(values));
      expect(dx).toEqual(await read(dy));
    }
  });

  test('stochastic rounding draws for each weight in its place', async () => {
    const site: WeightSite = { ...weightSite(3), granularity: 'group16', rounding: 'stochastic' };
    // Equal weights, but for the last of each group, which sets the scale: 3 levels, 0.5 is half a step.
    const x = tf.tensor(
      Float32Array.from({ length: 320 }, (_, i) => (i % 16 === 15 ? 3 : 0.5)),
      [320, 1],
    );
    const { y } = await roundedAndGradient(x, site, tf.onesLike(x), tf.tensor1d([5]));
    const drawn = y.filter((_, i) => i % 16 !== 15);
    expect(new Set(drawn)).toEqual(new Set([0, 1]));
    const share = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.1);
    const groups = Array.from({ length: 20 }, (_, g) => y.slice(16 * g, 16 * g + 15).join(''));
    expect(new Set(groups).size).toBeGreaterThan(15);
  });

  test('a quantizer without groups has a scale per channel', async () => {
    for (const quantizer of all.filter((kind) => !grouped.includes(kind))) {
      const at = (granularity: WeightSite['granularity']) => {
        const site: WeightSite = { ...weightSite(4 as Bits), quantizer, granularity };
        return roundedAndGradient(tf.tensor(values, shape), site, tf.ones(shape));
      };
      expect(await at('group16')).toEqual(await at('channel'));
    }
  });

  test('nothing is left behind', () => {
    const site: WeightSite = { ...weightSite(4), granularity: 'group32' };
    const x = tf.tensor(values, shape);
    const state = stateOf(site, x);
    expectNoLeak(() => tf.grad((w: tf.Tensor) => roundWeights(w, site, state, stopped()).values)(x));
  });
});
