import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import {
  weightQuantizers as kinds,
  type WeightQuantizerKind,
  type WeightSite,
  weightBits,
  weightSite,
} from '@/catalog/quantizers';
import { backends, expectCloseArrays, randomFloats, startBackend } from '@/kernels/testing/backends';
import { expectNoLeak, read } from '@/kernels/testing/tensors';
import { weightSettings } from './settings';
import { roundWeights, weightQuantizers } from './weights';

const integerKinds = (Object.keys(kinds) as WeightQuantizerKind[]).filter(
  (kind) => kinds[kind].deploysTo === 'integer',
);
const rows = 24;
const channels = 5;
const values = randomFloats(rows * channels, 3, -1.5, 1.2);
const stopped = () => tf.tensor1d([-1]);

function stateOf(site: WeightSite, weights: tf.Tensor) {
  const quantizer = weightQuantizers[site.quantizer];
  const settings = tf.variable(tf.tensor1d(weightSettings(site, quantizer, weights.shape, 1)), false);
  const learned = quantizer.learned && tf.variable(quantizer.learned.initial(weights, site));
  return { settings, ...(learned ? { learned } : {}) };
}

/** Fake-quantized weights: values times scale. */
function fakeQuantized(weights: tf.Tensor, site: WeightSite, state: ReturnType<typeof stateOf>): tf.Tensor {
  const { values: q, params } = roundWeights(weights, site, state, stopped());
  return tf.mul(q, tf.reshape(tf.slice(params, [0, 0], [1, channels]), [channels]));
}

const groupOf = (site: WeightSite, i: number) => (site.granularity === 'channel' ? i % channels : 0);

describe.each(backends)('weight quantizers on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each([
    [8, 'narrow', 127],
    [8, 'full', 127.5],
    [4, 'narrow', 7],
    [4, 'full', 7.5],
  ] as const)('abs-max at %i bits, %s range: the scale is max|w| / %d', async (bits, range, steps) => {
    const site: WeightSite = { ...weightSite(bits), quantizer: 'absmax', range };
    const w = tf.tensor2d(values, [rows, channels]);
    const scales = tf.slice(roundWeights(w, site, stateOf(site, w), stopped()).params, [0, 0], [1, channels]);
    const largest = (c: number) =>
      Math.max(...Array.from({ length: rows }, (_, i) => Math.abs(values[i * channels + c]!)));
    expectCloseArrays(
      await read(scales),
      Array.from({ length: channels }, (_, c) => largest(c) / steps),
      1e-7,
    );
  });

  test.each(integerKinds)('%s has as many levels as its bits allow', async (quantizer) => {
    for (const bits of [8, 4, 3, 2, 1] as Bits[]) {
      const site: WeightSite = { ...weightSite(bits), quantizer };
      const w = tf.tensor2d(values, [rows, channels]);
      const q = await read(roundWeights(w, site, stateOf(site, w), stopped()).values);
      const levels = new Set(q);
      expect(levels.size).toBeLessThanOrEqual(2 ** weightBits(site));
      expect(levels.size).toBeGreaterThan(1);
      expect(q.every(Number.isInteger)).toBe(true);
    }
  });

  test.each(integerKinds)('%s at 32 bits lets weights and gradient through', async (quantizer) => {
    const site: WeightSite = { ...weightSite(32), quantizer };
    const w = tf.tensor2d(values, [rows, channels]);
    const state = stateOf(site, w);
    const dy = tf.tensor2d(randomFloats(rows * channels, 4), [rows, channels]);
    expect(await read(fakeQuantized(w, site, state))).toEqual(Array.from(values));
    expect(await read(tf.grad((v: tf.Tensor) => fakeQuantized(v, site, state))(w, dy))).toEqual(
      await read(dy),
    );
  });

  test.each(['channel', 'tensor'] as const)(
    'DoReFa per %s: the gradient of tanh(w) / max|tanh(w)|',
    async (granularity) => {
      const site: WeightSite = { ...weightSite(4), quantizer: 'dorefa', granularity };
      const w = tf.tensor2d(values, [rows, channels]);
      const dy = randomFloats(rows * channels, 5);
      const state = stateOf(site, w);
      const smooth = (weights: readonly number[]) => {
        const largest = weights.reduce<number[]>((most, v, i) => {
          const group = groupOf(site, i);
          most[group] = Math.max(most[group] ?? 0, Math.abs(Math.tanh(v)));
          return most;
        }, []);
        return weights.map((v, i) => Math.tanh(v) / largest[groupOf(site, i)]!);
      };
      const rounded = await read(fakeQuantized(w, site, state));
      const half = 1 / 15 + 1e-5;
      smooth(Array.from(values)).forEach((v, i) => {
        expect(Math.abs(v - rounded[i]!)).toBeLessThanOrEqual(half);
      });
      const loss = (weights: readonly number[]) => smooth(weights).reduce((sum, v, i) => sum + v * dy[i]!, 0);
      const h = 1e-5;
      const numeric = Array.from(values, (_, i) => {
        const [up, down] = [h, -h].map((d) => loss(Array.from(values, (v, k) => (k === i ? v + d : v))));
        return (up! - down!) / (2 * h);
      });
      const dx = await read(
        tf.grad((v: tf.Tensor) => fakeQuantized(v, site, state))(w, tf.tensor2d(dy, [rows, channels])),
      );
      expectCloseArrays(dx, numeric, 2e-5);
    },
  );

  test.each([8, 2, 1] as Bits[])(
    'LSQ at %i bits starts at 2 mean|w| / sqrt(Qp), the sign at its mean',
    async (bits) => {
      const means = (granularity: WeightSite['granularity']) =>
        Array.from({ length: channels }, (_, c) => {
          const shared = Array.from(values).filter((_, i) => granularity === 'tensor' || i % channels === c);
          return shared.reduce((sum, v) => sum + Math.abs(v), 0) / shared.length;
        });
      for (const granularity of ['channel', 'tensor'] as const) {
        const site: WeightSite = { ...weightSite(bits), quantizer: 'lsq', granularity };
        const w = tf.tensor2d(values, [rows, channels]);
        const factor = bits === 1 ? 1 : 2 / Math.sqrt(2 ** (bits - 1) - 1);
        const found = weightQuantizers.lsq.learned!.initial(w, site);
        expect(found.shape).toEqual([1, channels]);
        expectCloseArrays(
          await read(found),
          means(granularity).map((mean) => mean * factor),
          1e-6,
        );
      }
    },
  );

  test('LSQ has the full range, ternary kinds three levels, others what the site says', () => {
    const ends = (site: WeightSite) =>
      Array.from(weightSettings(site, weightQuantizers[site.quantizer], [2, 3], 0).slice(0, 2));
    expect(ends({ ...weightSite(4), quantizer: 'lsq' })).toEqual([-8, 7]);
    expect(ends({ ...weightSite(4), quantizer: 'twn', range: 'full' })).toEqual([-1, 1]);
    expect(ends({ ...weightSite(4), quantizer: 'mse' })).toEqual([-7, 7]);
    expect(ends({ ...weightSite(4), quantizer: 'mse', range: 'full' })).toEqual([-8, 7]);
    expect(ends({ ...weightSite(4), quantizer: 'dorefa' })).toEqual([-15, 15]);
  });

  test('a learned width starts at the bits asked for and at the largest weight, as abs-max would round', async () => {
    for (const bits of [8, 3, 1] as Bits[]) {
      const site: WeightSite = { ...weightSite(bits), quantizer: 'learnedBits' };
      const w = tf.tensor2d(values, [rows, channels]);
      const [width, logClip] = await read(weightQuantizers.learnedBits.learned!.initial(w, site));
      expect(width).toBe(Math.max(bits, 2));
      const largest = Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(2 ** logClip!).toBeCloseTo(largest, 5);
      const learned = await read(fakeQuantized(w, site, stateOf(site, w)));
      const found: WeightSite = { ...weightSite(weightBits(site)), granularity: 'tensor' };
      expectCloseArrays(learned, await read(fakeQuantized(w, found, stateOf(found, w))), 1e-5);
    }
  });

  test('the penalty of a learned width is λ times the share of the weights, and no other quantizer has one', () => {
    const penalty = (quantizer: WeightQuantizerKind, share: number) =>
      weightSettings(
        { ...weightSite(8), quantizer, penalty: 'strong' },
        weightQuantizers[quantizer],
        [4, 2],
        0,
        share,
      )[9];
    expect(penalty('learnedBits', 1)).toBeCloseTo(0.02, 6);
    expect(penalty('learnedBits', 0.25)).toBeCloseTo(0.005, 6);
    expect(penalty('lsq', 0.25)).toBe(0);
  });

  test('nothing is left behind', () => {
    for (const quantizer of integerKinds) {
      const site: WeightSite = { ...weightSite(4), quantizer };
      const w = tf.tensor2d(values, [rows, channels]);
      const state = stateOf(site, w);
      expectNoLeak(() => tf.grad((v: tf.Tensor) => fakeQuantized(v, site, state))(w));
    }
  });
});
