import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { activationParams } from '../observe';
import { backends, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, read, settings } from '../testing/tensors';
import { observeMse, observePercentile } from './index';

const fround = Math.fround;
const freshState = (momentum = 0.01) => tf.variable(tf.tensor1d([0, 0, 0, momentum]), false);

/** Values with a long tail above. */
const skewed = (size: number, seed: number) => randomFloats(size, seed).map((v) => 4 * v ** 7 + 0.3 * v);

async function percentilesOf(x: Float32Array) {
  const state = freshState();
  observePercentile(tf.tensor1d(x), state);
  return (await read(state)) as [number, number, number, number];
}

describe.each(backends)('the clipping observers on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each([1, 5, 999, 1000, 1001, 20_000, 70_001])('percentiles of %i values', async (size) => {
    for (const make of [skewed, (n: number, seed: number) => randomFloats(n, seed, 2, 5)]) {
      const x = make(size, 3);
      const sorted = Float32Array.from(x).sort();
      const [low, high, initialised] = await percentilesOf(x);
      const allowed = Math.floor(size / 1000);
      const bin = (sorted.at(-1)! - sorted[0]!) / 2048 + 1e-6;
      expect(initialised).toBe(1);
      expect(low).toBeLessThanOrEqual(sorted[allowed]! + 1e-6);
      expect(low).toBeGreaterThanOrEqual(sorted[allowed]! - bin);
      expect(high).toBeGreaterThanOrEqual(sorted[size - 1 - allowed]! - 1e-6);
      expect(high).toBeLessThanOrEqual(sorted[size - 1 - allowed]! + bin);
      if (allowed === 0) expect([low, high]).toEqual([sorted[0], sorted.at(-1)]);
    }
  });

  test('equal values are their own percentiles', async () => {
    expect((await percentilesOf(new Float32Array(3000).fill(2.5))).slice(0, 2)).toEqual([2.5, 2.5]);
  });

  test('one outlier in ten thousand values is left out', async () => {
    const x = randomFloats(10_000, 4);
    x[77] = 80;
    expect((await percentilesOf(x))[1]).toBeLessThan(1.05);
  });

  test('later batches move the range by the momentum', async () => {
    const [a, b] = [randomFloats(500, 5), randomFloats(500, 6, -3, 3)];
    const state = freshState(0.25);
    observePercentile(tf.tensor1d(a), state);
    const first = await read(state);
    observePercentile(tf.tensor1d(b), state);
    const next = await percentilesOf(b);
    const moved = [0, 1].map((k) => fround(first[k]! + fround(0.25 * fround(next[k]! - first[k]!))));
    expect((await read(state)).slice(0, 2)).toEqual(moved);
  });

  test.each([
    [0, 1],
    [0, 3],
    [0, 15],
    [0, 255],
  ])('the MSE range of the grid [%i, %i] is the best of its 64', async (qmin, qmax) => {
    for (const x of [
      skewed(3000, 7),
      skewed(3000, 8).map((v) => Math.max(v, 0)),
      randomFloats(9000, 9, -1, 3),
    ]) {
      const s = settings(qmin, qmax);
      const state = freshState();
      observeMse(tf.tensor1d(x), state, s);
      const [low, high] = (await read(state)) as [number, number];
      const [least, greatest] = [Math.min(...x), Math.max(...x)];
      const stride = Math.ceil(x.length / 8192);
      const seen = Array.from(x).filter((_, i) => i % stride === 0);
      const error = (factor: number) => {
        const bottom = qmax === 1 ? 0 : Math.min(least, 0) * factor;
        const scale = (Math.max(greatest, 0) * factor - bottom) / (qmax - qmin);
        const zeroPoint = Math.min(Math.max(qmin - nearestEven(bottom / scale), qmin), qmax);
        return seen.reduce((sum, v) => {
          const q = Math.min(Math.max(nearestEven(v / scale) + zeroPoint, qmin), qmax) - zeroPoint;
          return sum + (v - q * scale) ** 2;
        }, 0);
      };
      const factors = Array.from({ length: 64 }, (_, k) => 0.2 + (0.8 * k) / 63);
      const best = Math.min(...factors.map(error));
      const factor = high / greatest;
      expect(Math.abs(low - least * factor)).toBeLessThan(1e-5);
      expect(error(factor)).toBeLessThanOrEqual(best * 1.001);
    }
  });

  test('at 32 bits the MSE observer follows the whole range', async () => {
    const x = skewed(2000, 3);
    const state = freshState();
    observeMse(tf.tensor1d(x), state, settings(0, 0, 0));
    expect((await read(state)).slice(0, 2)).toEqual([Math.min(...x), Math.max(...x)]);
  });

  test('a NaN makes the range NaN, for good', async () => {
    for (const observe of [
      (x: tf.Tensor, state: tf.Tensor) => observePercentile(x, state),
      (x: tf.Tensor, state: tf.Tensor) => observeMse(x, state, settings(0, 15)),
    ]) {
      const state = freshState();
      observe(tf.tensor1d([1, Number.NaN, 2]), state);
      observe(tf.tensor1d([1, 2]), state);
      const found = await state.data();
      expect([found[0], found[1]]).toEqual([Number.NaN, Number.NaN]);
      expect((await activationParams(state, settings(0, 15)).data())[0]).toBeNaN();
    }
  });

  test('nothing is left behind', () => {
    const x = tf.tensor1d(randomFloats(5000, 1));
    const state = freshState();
    expectNoLeak(() => observePercentile(x, state));
    expectNoLeak(() => observeMse(x, state, settings(0, 15)));
  });
});

test('all backends follow the same percentiles, and the same MSE ranges', async () => {
  const compute = async () => {
    const [percentile, mse] = [freshState(), freshState()];
    const found: number[][] = [];
    for (let i = 0; i < 12; i++) {
      const x = tf.tensor1d(skewed(6000, i + 1));
      observePercentile(x, percentile);
      observeMse(x, mse, settings(0, 15));
      found.push(await read(percentile), await read(mse));
    }
    return found;
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
