import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import { dropout } from './index';

const one = (value: number) => tf.tensor1d([value]);

function drop<X extends tf.Tensor>(x: X, rate: number, seed = 7, clock = 3): X {
  return dropout(x, one(rate), one(seed), one(clock));
}

/** Which of n elements are kept. */
async function maskOf(n: number, rate: number, seed = 7, clock = 3): Promise<boolean[]> {
  return (await read(drop(tf.ones([n]), rate, seed, clock))).map((value) => value !== 0);
}

const share = (mask: readonly boolean[]) => mask.filter(Boolean).length / mask.length;

describe.each(backends)('dropout on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each([0.1, 0.25, 0.5, 0.9])('a share of %f is dropped, the others are scaled up', async (rate) => {
    const n = 40_001;
    const x = randomFloats(n, 1, 0.5, 2);
    const y = await read(drop(tf.tensor1d(x), rate));
    const scale = Math.fround(1 / Math.fround(1 - Math.fround(rate)));
    const wrong = y.findIndex((value, i) => value !== 0 && value !== Math.fround(x[i]! * scale));
    expect(wrong).toBe(-1);
    const kept = share(y.map((value) => value !== 0));
    // Five standard deviations of a binomial share.
    expect(Math.abs(kept - (1 - rate))).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / n));
  });

  test('masks of neighbours, steps and seeds are independent', async () => {
    const n = 40_000;
    const mask = await maskOf(n, 0.5);
    const others = {
      neighbour: [...mask.slice(1), mask[0]!],
      'next but three': [...mask.slice(4), ...mask.slice(0, 4)],
      'next step': await maskOf(n, 0.5, 7, 4),
      'next seed': await maskOf(n, 0.5, 8, 3),
    };
    for (const [what, other] of Object.entries(others)) {
      const agreement = share(mask.map((kept, i) => kept === other[i]));
      expect(Math.abs(agreement - 0.5), what).toBeLessThan(5 * Math.sqrt(0.25 / n));
    }
  });

  test('the same seed and step draw the same mask, whatever the shape', async () => {
    const x = randomFloats(105, 2, 0.5, 2);
    const flat = await read(drop(tf.tensor1d(x), 0.4));
    expect(await read(drop(tf.tensor3d(x, [3, 5, 7]), 0.4))).toEqual(flat);
    expect(drop(tf.tensor3d(x, [3, 5, 7]), 0.4).shape).toEqual([3, 5, 7]);
  });

  test('the gradient passes where the value was kept, scaled alike', async () => {
    const x = tf.tensor1d(randomFloats(101, 3, 0.5, 2));
    const dy = randomFloats(101, 4, 0.5, 2);
    const gradient = tf.grad((v) => tf.sum(tf.mul(tf.tensor1d(dy), drop(v, 0.3))))(x);
    const mask = await maskOf(101, 0.3);
    const scale = Math.fround(1 / Math.fround(1 - Math.fround(0.3)));
    expect(await read(gradient)).toEqual(mask.map((kept, i) => (kept ? Math.fround(dy[i]! * scale) : 0)));
  });

  test('a rate of 0 and a negative clock leave everything as it is, a rate of 1 nothing', async () => {
    const x = tf.tensor1d([1.1, -2.2, 0, 3.3, 1e30]);
    expect(await read(drop(x, 0))).toEqual(await read(x));
    expect(await read(drop(x, 0.9, 7, -1))).toEqual(await read(x));
    expect(await read(drop(x, 1))).toEqual([0, 0, 0, 0, 0]);
  });

  test('NaN stays NaN, dropped or not', async () => {
    expect(await read(drop(tf.fill([9], Number.NaN), 0.5))).toEqual(Array(9).fill(Number.NaN));
  });

  test('nothing is left behind', () => {
    const x = tf.ones([7, 5]);
    expectNoLeak(() => tf.grad((v) => tf.sum(drop(v, 0.5)))(x));
  });

  test('a rate that is no tensor [1] is refused in a sentence', () => {
    expect(() => dropout(tf.ones([2]), tf.scalar(0.5), one(0), one(0))).toThrow(
      'The dropout rate must have the shape [1], but has [].',
    );
  });
});

test('the backends draw the same mask and give the same bits', async () => {
  const x = randomFloats(1003, 5, -2, 2);
  const [cpu, wasm, webgpu] = await onEach(backends, async () => {
    const values: number[] = [];
    for (const [rate, seed, clock] of [
      [0.1, 0, 0],
      [0.3, 2 ** 24 - 1, 123_456],
      [0.75, 99, 1],
    ] as const)
      values.push(...(await read(drop(tf.tensor1d(x), rate, seed, clock))));
    return values;
  });
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
