import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { stream } from '@/data/random';
import { startBackend } from '@/kernels/testing/node';
import { adaround } from './adaround';
import { clippedDivergence, entropyClip } from './entropy';
import { equalise, equalisingScales } from './equalise';

beforeAll(() => startBackend('wasm'));

/** dᵀ H d in plain numbers. */
function quadratic(gram: number[][], d: number[]): number {
  return d.reduce((sum, a, i) => sum + a * gram[i]!.reduce((inner, h, j) => inner + h * d[j]!, 0), 0);
}

describe('AdaRound', () => {
  const K = 8;
  const samples = 40;

  /** Correlated inputs, weights within the grid of 4 bits, and what every way of rounding costs. */
  function problem(seed: number) {
    const random = stream(seed, 'adaround');
    const inputs = Array.from({ length: samples }, () => {
      const shared = random.normal();
      return Array.from({ length: K }, () => Math.max(0, shared + 0.4 * random.normal()));
    });
    const gram = Array.from({ length: K }, (_, i) =>
      Array.from({ length: K }, (_, j) => inputs.reduce((sum, x) => sum + x[i]! * x[j]!, 0) / samples),
    );
    const scale = 0.2;
    const weights = Array.from({ length: K }, () => (random.next() - 0.5) * 12 * scale);
    const cost = (q: number[]) =>
      quadratic(
        gram,
        q.map((v, i) => v * scale - weights[i]!),
      );
    let best = Number.POSITIVE_INFINITY;
    for (let mask = 0; mask < 2 ** K; mask++)
      best = Math.min(best, cost(weights.map((w, i) => Math.floor(w / scale) + ((mask >> i) & 1))));
    return { gram, weights, scale, cost, best, nearest: cost(weights.map((w) => Math.round(w / scale))) };
  }

  test('comes close to the best of all roundings, tried one by one, and is never worse than nearest', async () => {
    const [found, nearest, best] = [[], [], []] as number[][];
    for (let seed = 1; seed <= 6; seed++) {
      const p = problem(seed);
      const q = await adaround({
        weights: tf.tensor3d(p.weights, [1, K, 1]),
        gram: tf.tensor3d(p.gram.flat(), [1, K, K]),
        scale: tf.tensor3d([p.scale], [1, 1, 1]),
        qmin: -7,
        qmax: 7,
      });
      const integers = Array.from(await q.data());
      integers.forEach((v, i) => {
        expect([0, 1]).toContain(v - Math.floor(p.weights[i]! / p.scale));
      });
      found!.push(p.cost(integers));
      nearest!.push(p.nearest);
      best!.push(p.best);
      expect(p.cost(integers)).toBeLessThanOrEqual(p.nearest * (1 + 1e-5));
    }
    const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
    // Of what nearest loses against the best, at least nine tenths are won.
    expect(total(found!) - total(best!)).toBeLessThan(0.1 * (total(nearest!) - total(best!)));
  });
});

describe('the clip by entropy', () => {
  test('values that fill the levels evenly are not clipped', () => {
    const values = Array.from({ length: 4096 }, (_, i) => i / 4096);
    expect(entropyClip(values, 16)).toBeCloseTo(4095 / 4096, 2);
  });

  test('one outlier far out is clipped', () => {
    const random = stream(1, 'entropy');
    const values = Array.from({ length: 20_000 }, () => Math.abs(random.normal()));
    const clip = entropyClip([...values, 100], 128);
    expect(clip).toBeGreaterThan(2);
    expect(clip).toBeLessThan(12);
  });

  test('the divergence is 0 where nothing is outside and every level is even, and that of the definition', () => {
    const even = new Float64Array(2048).fill(3);
    expect(clippedDivergence(even, 2048, 32)).toBeCloseTo(0, 12);
    // P: 4 bins (1 2 3 4), clipped after 2, two levels: P = (1, 9)/10, Q = (1, 2)/3.
    const divergence = 0.1 * Math.log(0.1 / (1 / 3)) + 0.9 * Math.log(0.9 / (2 / 3));
    expect(clippedDivergence(Float64Array.of(1, 2, 3, 4), 2, 2)).toBeCloseTo(divergence, 12);
  });
});

test('equalised sides have the same range in every channel, and their product stays', () => {
  const before = { weights: Float32Array.of(1, -8, 2, 0.5), channelOf: (i: number) => i % 2 };
  const after = { weights: Float32Array.of(4, -1, 0.25, 0.125), channelOf: (i: number) => Math.floor(i / 2) };
  const products = [0, 1].map((c) => before.weights[c]! * after.weights[2 * c]!);
  const scales = equalisingScales(before, after, 2);
  equalise({ ...before, biases: new Float32Array(2) }, after, scales);
  const largest = (values: number[]) => Math.max(...values.map(Math.abs));
  for (const c of [0, 1]) {
    const w1 = largest([before.weights[c]!, before.weights[2 + c]!]);
    const w2 = largest([after.weights[2 * c]!, after.weights[2 * c + 1]!]);
    expect(w1).toBeCloseTo(w2, 5);
    expect(before.weights[c]! * after.weights[2 * c]!).toBeCloseTo(products[c]!, 5);
  }
});
