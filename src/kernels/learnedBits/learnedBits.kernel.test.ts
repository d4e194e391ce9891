import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import fixtures from '@/quant/fixtures/learnedBits.json';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, read } from '../testing/tensors';
import { exp2Float32 } from './exp2';
import { learnedBitsParams, quantizeLearnedBits } from './index';

const { fround } = Math;

const settings = (qmax: number, penalty = 0, mode = 1) =>
  tf.tensor1d([-qmax, qmax, mode, 0, 0, 0, 0, 0, 1, penalty]);
const learnedOf = (width: number, logClip: number) => tf.tensor1d([width, logClip]);

/** The definition, in float64 but for what decides a rounding. */
function reference(x: Float32Array, width: number, logClip: number, qmax: number) {
  const clip = exp2Float32(fround(logClip));
  const steps = Math.min(Math.max(fround(exp2Float32(fround(fround(width) - 1)) - 1), 1), qmax);
  const scale = fround(clip / steps);
  const inverse = fround(1 / scale);
  const levels = nearestEven(steps);
  const q = Array.from(x, (value) => {
    const rounded = nearestEven(fround(value * inverse));
    return Math.min(Math.max(rounded, -levels), levels) + 0;
  });
  return { clip, steps, scale, inverse, levels, q };
}

/** Gradients of sum(dq * quantized). */
async function gradients(x: tf.Tensor, learned: tf.Tensor1D, s: tf.Tensor1D, dq: tf.Tensor) {
  const rounded = (...[v, l]: tf.Tensor[]) => quantizeLearnedBits(v!, l as tf.Tensor1D, s);
  const [dx, dLearned] = tf.grads(rounded)([x, learned], dq);
  return { dx: await read(dx!), dLearned: await read(dLearned!) };
}

const shapes = [[1], [3], [4], [7, 1], [5, 8], [3, 3, 3, 5], [130, 10], [300, 70]];

describe.each(backends)('weights of a learned width on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes.map((shape) => [shape]))('random values of shape %j', async (shape) => {
    const x = randomFloats(tf.util.sizeFromShape(shape), 11, -1.2, 1.2);
    for (const width of [2, 2.4, 3.7, 4, 5.5, 8]) {
      const expected = reference(x, width, -0.3, 127);
      const s = settings(127);
      const learned = learnedOf(width, -0.3);
      const tensor = tf.tensor(x, shape);
      expect(await read(quantizeLearnedBits(tensor, learned, s))).toEqual(expected.q);
      const channels = shape.at(-1)!;
      expect(await read(learnedBitsParams(tensor, learned, s))).toEqual(
        [expected.scale, expected.inverse, 0, 1].flatMap((value) => Array(channels).fill(value)),
      );
    }
  });

  test.each([2, 3, 4, 5, 6, 7, 8])('a width of %i has 2^(n-1) - 1 steps on either side', async (width) => {
    const x = tf.linspace(-3, 3, 2001);
    const q = await read(quantizeLearnedBits(x, learnedOf(width, 1), settings(127)));
    const most = 2 ** (width - 1) - 1;
    expect([Math.min(...q), Math.max(...q)]).toEqual([-most, most]);
    expect(new Set(q).size).toBe(2 * most + 1);
    const params = await read(learnedBitsParams(x, learnedOf(width, 1), settings(127)));
    expect(params[0]).toBe(fround(2 / most));
  });

  test('never more levels than the width asked for, never fewer than three', async () => {
    const x = tf.linspace(-2, 2, 501);
    const levels = async (width: number, qmax: number) =>
      new Set(await read(quantizeLearnedBits(x, learnedOf(width, 0), settings(qmax)))).size;
    expect(await levels(11, 7)).toBe(15);
    expect(await levels(1, 7)).toBe(3);
    expect(await levels(-30, 127)).toBe(3);
    expect(await levels(8, 1)).toBe(3);
  });

  test.each(fixtures.cases.map((example) => [example.name, example] as const))(
    'values and gradients are those of PyTorch: %s',
    async (_, { width, logClip, qmax, penalty, w, y, dy, dw, dWidth, dLogClip }) => {
      const s = settings(qmax, penalty);
      const learned = learnedOf(width, logClip);
      const x = tf.tensor1d(w);
      const scale = (await read(learnedBitsParams(x, learned, s)))[0]!;
      const meant = (await read(quantizeLearnedBits(x, learned, s))).map((value) => value * scale);
      expectCloseArrays(meant, y, 2e-7);
      const { dx, dLearned } = await gradients(x, learned, s, tf.tensor1d(dy.map((value) => value * scale)));
      expectCloseArrays(dx, dw, 1e-6);
      expectCloseArrays(dLearned, [dWidth, dLogClip], 2e-6);
    },
  );

  test('the gradient of the clip is that of finite differences where everything is clipped', async () => {
    // All values beyond the clip, and a whole width: what is meant is the clip itself.
    const x = tf.tensor1d([3, -2, 5, 4]);
    const dy = [0.3, -0.2, 0.5, 0.1];
    const loss = (logClip: number) =>
      2 ** logClip * dy.reduce((sum, value, i) => sum + value * (i === 1 ? -1 : 1), 0);
    const scale = 2 ** 0.25 / 7;
    const dq = tf.tensor1d(dy.map((value) => value * scale));
    const { dLearned } = await gradients(x, learnedOf(4, 0.25), settings(127), dq);
    const h = 1e-5;
    const numeric = (loss(0.25 + h) - loss(0.25 - h)) / (2 * h);
    expectCloseArrays(dLearned, [0, numeric], 1e-5);
  });

  test('at the widest only what narrows passes, at the narrowest only what widens, without the penalty', async () => {
    // x = 0.6 steps of a grid of 7: rounding moves it up by 0.4 steps, so that dE/ds has the sign of dq.
    const at = async (width: number, qmax: number, upstream: number) => {
      const clip = Math.log2(2 ** Math.min(width - 1, Math.log2(qmax + 1)) - 1);
      const x = tf.tensor1d([0.6]);
      const { dLearned } = await gradients(
        x,
        learnedOf(width, clip),
        settings(qmax, 0.01),
        tf.tensor1d([upstream]),
      );
      return dLearned[0]!;
    };
    const slope = (steps: number) => -Math.LN2 * ((steps + 1) / steps) * 0.4;
    expect(await at(4, 127, 1)).toBeCloseTo(slope(7) + 0.01, 5);
    expect(await at(4, 127, -1)).toBeCloseTo(-slope(7) + 0.01, 5);
    expect(await at(4, 7, 1)).toBe(0);
    expect(await at(4, 7, -1)).toBeCloseTo(-slope(7) + 0.01, 5);
    expect(await at(2, 127, 1)).toBeCloseTo(slope(1), 5);
    expect(await at(2, 127, -1)).toBe(0);
  });

  test('mode 0 passes x and its gradient through, and learns nothing', async () => {
    const x = tf.tensor1d([-1e30, -0.3, 0, 0.25, 1e-20]);
    const dq = tf.tensor1d([1, -2, 3, 4, 5]);
    const off = settings(127, 0.1, 0);
    expect(await read(quantizeLearnedBits(x, learnedOf(4, 0), off))).toEqual(await read(x));
    const { dx, dLearned } = await gradients(x, learnedOf(4, 0), off, dq);
    expect(dx).toEqual([1, -2, 3, 4, 5]);
    expect(dLearned).toEqual([0, 0]);
    const params = await read(learnedBitsParams(tf.zeros([2, 2]), learnedOf(4, 0), off));
    expect(params).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  });

  test('NaN stays NaN, and a lost width or clip loses everything', async () => {
    const x = tf.tensor1d([1, Number.NaN, -0.5, 2, 0.1]);
    const q = await quantizeLearnedBits(x, learnedOf(4, 0), settings(127)).data();
    expect(Array.from(q, Number.isNaN)).toEqual([false, true, false, false, false]);
    for (const lost of [learnedOf(Number.NaN, 0), learnedOf(4, Number.NaN)]) {
      const all = await quantizeLearnedBits(x, lost, settings(127)).data();
      expect(all.every(Number.isNaN)).toBe(true);
    }
  });

  test('nothing is left behind', () => {
    const x = tf.tensor2d(randomFloats(350, 1), [50, 7]);
    const learned = learnedOf(4.5, 0);
    const s = settings(127, 0.01);
    expectNoLeak(() => {
      tf.grads((...[v, l]: tf.Tensor[]) => quantizeLearnedBits(v!, l as tf.Tensor1D, s))([x, learned]);
    });
  });

  test('shapes that do not fit are refused in a sentence', () => {
    expect(() => quantizeLearnedBits(tf.zeros([2]), tf.zeros([3]), settings(7))).toThrow(
      'Width and clip must have the shape [2], but has [3].',
    );
    expect(() => quantizeLearnedBits(tf.zeros([2]), learnedOf(4, 0), tf.zeros([9]))).toThrow(
      'The quantization settings must have the shape [10] or longer, but have [9].',
    );
  });
});

test('2^x is exact for whole x and within 2 ULP of the true one elsewhere', () => {
  for (let x = -24; x <= 24; x++) expect(exp2Float32(x)).toBe(2 ** x);
  for (const x of randomFloats(20_000, 5, -24, 24)) {
    const error = Math.abs(exp2Float32(x) - 2 ** x) / 2 ** Math.floor(x);
    expect(error).toBeLessThanOrEqual(2 * 2 ** -23);
  }
});

test('all backends give the same bits for every width', async () => {
  const x = randomFloats(3000, 31);
  const compute = async () => {
    const w = tf.tensor2d(x, [300, 10]);
    const found: number[][] = [];
    for (let width = 2; width <= 8; width += 0.137) {
      const learned = learnedOf(width, -width / 9);
      found.push(await read(quantizeLearnedBits(w, learned, settings(127))));
      found.push((await read(learnedBitsParams(w, learned, settings(127)))).slice(0, 11));
    }
    return found;
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
