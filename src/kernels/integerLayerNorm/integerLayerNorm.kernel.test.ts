import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, params, read } from '../testing/tensors';
import { integerLayerNorm } from './index';

const { fround } = Math;

/** The integer part of a root, by Newton's method. */
function rootOf(n: bigint): bigint {
  let root = 1n << 33n;
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Written down from the documentation, with big integers. */
function expected(row: readonly number[], scale: number): number[] {
  const depth = BigInt(row.length);
  const s = fround(scale);
  const ratio = fround(fround(fround(fround(1e-5) * row.length) * row.length) / fround(s * s));
  const rounder = 1.5 * 2 ** 52;
  const epsilon = BigInt(Math.min(ratio + rounder - rounder, 2 ** 30));
  const x = row.map(BigInt);
  const sum = x.reduce((a, b) => a + b);
  const squares = x.reduce((a, b) => a + b * b, 0n);
  let n = depth * squares - sum * sum + epsilon;
  if (n < 1n) n = 1n;
  let j = 0n;
  for (; n < 1n << 30n; j++) n <<= 2n;
  const root = rootOf(n);
  return x.map((value) => {
    const c = depth * value - sum;
    const steps = ((c < 0n ? -c : c) * (1n << (10n + j)) + root / 2n) / root;
    return Number(c < 0n ? -steps : steps);
  });
}

const shapes: [rows: number, depth: number, low: number, high: number][] = [
  [3, 1, -4, 4],
  [40, 2, 0, 255],
  [40, 7, -1, 1],
  [30, 32, -128, 127],
  [20, 64, 0, 3],
  [20, 256, 0, 255],
];

describe.each(backends)('integer layer norm on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes)(
    'of %i rows of %i from %i to %i is that of big integers',
    async (rows, depth, low, high) => {
      for (const scale of [0.03, 3, 1e-4]) {
        const x = Array.from(randomIntegers(rows * depth, depth + rows, low, high));
        const found = await read(integerLayerNorm(tf.tensor(x, [rows, depth]), params([scale])));
        const rowsOf = Array.from({ length: rows }, (_, r) => x.slice(r * depth, (r + 1) * depth));
        expect(found).toEqual(rowsOf.flatMap((row) => expected(row, scale).map((v) => v + 0)));
      }
    },
  );

  test('is the layer norm, to a few steps', async () => {
    const x = Array.from(randomIntegers(48, 5, -100, 155));
    const found = await read(integerLayerNorm(tf.tensor(x, [1, 48]), params([0.05])));
    const mean = x.reduce((a, b) => a + b) / 48;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 48;
    const deviation = Math.sqrt(variance + 1e-5 / 0.05 ** 2);
    found.forEach((steps, c) => {
      expect(Math.abs(steps / 1024 - (x[c]! - mean) / deviation)).toBeLessThan(1 / 1024);
    });
  });

  test('equal values give 0, extremes stay within 32 bits, NaN spreads over its row alone', async () => {
    const wide = [...Array(128).fill(0), ...Array(128).fill(255)];
    const found = await read(
      integerLayerNorm(tf.tensor([...Array(256).fill(9), ...wide], [2, 256]), params([5])),
    );
    expect(found.slice(0, 256).every((v) => v === 0)).toBe(true);
    expect(found.slice(256)).toEqual(expected(wide, 5));
    const lonely = [255, ...Array(255).fill(0)];
    expect(await read(integerLayerNorm(tf.tensor(lonely, [1, 256]), params([5])))).toEqual(
      expected(lonely, 5),
    );
    const nan = await read(integerLayerNorm(tf.tensor([1, Number.NaN, 3, 4], [2, 2]), params([1])));
    expect(nan.map(Number.isNaN)).toEqual([true, true, false, false]);
  });

  test('nothing is left behind, and too many features are refused', () => {
    expectNoLeak(() => integerLayerNorm(tf.ones([2, 3]), params([1])));
    expect(() => integerLayerNorm(tf.ones([1, 257]), params([1]))).toThrow('at most 256 features');
  });
});
