import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { quantize } from '../../quantize';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../../testing/backends';
import { expectNoLeak, nearestEven, onEach, read, settings } from '../../testing/tensors';
import { type WeightMethod, weightParams } from '../index';

const fround = Math.fround;
const smallest = 2 ** -24;
const methods: WeightMethod[] = ['mse', 'percentile', 'pow2', 'mean', 'twn', 'dorefa'];
const shapes = [[1], [3, 1], [1, 4], [5, 3], [784, 10], [3, 3, 2, 7], [300, 9]];

/** Roughly normal values: sums of four uniform ones. */
const normal = (size: number, seed: number) => {
  const parts = [0, 1, 2, 3].map((k) => randomFloats(size, seed + 100 * k));
  return Float32Array.from({ length: size }, (_, i) => parts.reduce((sum, part) => sum + part[i]!, 0) / 4);
};

/** The values of each group that shares a scale, by channel. */
const groupsOf = (w: Float32Array, channels: number, perChannel: boolean) =>
  Array.from({ length: channels }, (_, c) =>
    perChannel ? Array.from(w).filter((_, i) => i % channels === c) : Array.from(w),
  );

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, v) => sum + v, 0) / Math.max(values.length, 1);
const magnitudes = (values: readonly number[]) => values.map(Math.abs);
const squaredError = (values: readonly number[], scale: number, qmin: number, qmax: number) =>
  values.reduce((sum, v) => {
    const q = Math.min(Math.max(nearestEven(v / scale), qmin), qmax);
    return sum + (v - q * scale) ** 2;
  }, 0);

async function rows(w: tf.Tensor, s: tf.Tensor1D, method: WeightMethod) {
  const found = await weightParams(w, s, method).data();
  const channels = found.length / 4;
  const row = (k: number) => Array.from(found.slice(k * channels, (k + 1) * channels), (v) => v + 0);
  return { scale: row(0), inverse: row(1), zeroPoint: row(2), quantized: row(3) };
}

describe.each(backends)('the methods on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes.map((shape) => [shape]))(
    'MSE clipping finds the best of its scales: %j',
    async (shape) => {
      const channels = shape.at(-1)!;
      const values = normal(tf.util.sizeFromShape(shape), 5);
      for (const perChannel of [false, true])
        for (const [qmin, qmax] of [
          [-127, 127],
          [-7, 7],
          [-2, 1],
        ] as const) {
          const s = settings(qmin, qmax, 1, Number(perChannel));
          const { scale, inverse, zeroPoint, quantized } = await rows(tf.tensor(values, shape), s, 'mse');
          expect(inverse).toEqual(scale.map((v) => fround(1 / v)));
          expect([...zeroPoint, ...quantized]).toEqual([...scale.map(() => 0), ...scale.map(() => 1)]);
          groupsOf(values, channels, perChannel).forEach((group, c) => {
            const whole = Math.max(...magnitudes(group)) / qmax;
            const errors = Array.from({ length: 64 }, (_, k) =>
              squaredError(group, whole * (0.2 + (0.8 * k) / 63), qmin, qmax),
            );
            const best = Math.min(...errors);
            const got = squaredError(group, scale[c]!, qmin, qmax);
            // What is left where the error is 0 is rounding.
            expect(got).toBeLessThanOrEqual(best * 1.0005 + 1e-10 * whole ** 2 * group.length);
            const factor = ((scale[c]! / whole - 0.2) / 0.8) * 63;
            expect(Math.abs(factor - Math.round(factor))).toBeLessThan(1e-3);
          });
        }
    },
  );

  test('MSE clipping of one weight keeps it, and of many normal ones clips', async () => {
    const one = await rows(tf.tensor2d([0.5], [1, 1]), settings(-7, 7), 'mse');
    expect(one.scale).toEqual([fround(0.5 / 7)]);
    const many = tf.tensor2d(normal(4000, 9), [4000, 1]);
    const s = settings(-1, 1);
    const [clipped, whole] = [await rows(many, s, 'mse'), await rows(many, s, 'absmax')];
    expect(clipped.scale[0]! / whole.scale[0]!).toBeLessThan(0.7);
  });

  test.each(shapes.map((shape) => [shape]))('the percentile leaves 1 in 100 beyond: %j', async (shape) => {
    const channels = shape.at(-1)!;
    const values = normal(tf.util.sizeFromShape(shape), 6);
    for (const perChannel of [false, true]) {
      const s = settings(-7, 7, 1, Number(perChannel));
      const { scale } = await rows(tf.tensor(values, shape), s, 'percentile');
      groupsOf(values, channels, perChannel).forEach((group, c) => {
        const sorted = magnitudes(group).toSorted((a, b) => a - b);
        const largest = sorted.at(-1)!;
        const allowed = Math.floor(group.length / 100);
        const quantile = sorted[group.length - 1 - allowed]!;
        const edge = scale[c]! * 7;
        expect(edge).toBeGreaterThanOrEqual(quantile * (1 - 1e-6));
        expect(edge).toBeLessThanOrEqual(Math.min(quantile + largest / 2048, largest) * (1 + 1e-6));
      });
    }
  });

  test('one outlier in a thousand does not widen the percentile grid', async () => {
    const values = randomFloats(1000, 3);
    values[500] = 50;
    const { scale } = await rows(tf.tensor2d(values, [1000, 1]), settings(-127, 127), 'percentile');
    expect(scale[0]! * 127).toBeLessThan(1.1);
  });

  test('a power of two at or just above the scale of abs-max', async () => {
    const s = settings(-7, 7, 1, 1);
    const w = tf.tensor2d([7, 7.001, 3.4, 0.0001, 0, 14], [1, 6]);
    const { scale, inverse } = await rows(w, s, 'pow2');
    expect(scale).toEqual([1, 2, 0.5, 2 ** -16, smallest, 2]);
    expect(inverse).toEqual([1, 0.5, 2, 2 ** 16, 2 ** 24, 0.5]);
    const sign = await rows(tf.tensor2d([1, -2], [2, 1]), settings(-1, 1, 2), 'pow2');
    expect(sign.scale).toEqual([2]);
  });

  test('BitNet: the weight over the mean magnitude, rounded and clipped to -1, 0, 1', async () => {
    const w = tf.tensor2d([0.4, -1.2, 2, -0.1, 0.9, -1.4], [6, 1]);
    const s = settings(-1, 1);
    const p = weightParams(w, s, 'mean');
    expectCloseArrays([(await p.data())[0]!], [1], 1e-6);
    expect(await read(quantize(w, p, s))).toEqual([0, -1, 1, 0, 1, -1]);
  });

  test('TWN: threshold 0.7 times the mean magnitude, scale the mean of those above it', async () => {
    // mean 1, threshold .7: .71 and more are kept
    const w = tf.tensor2d([0.71, -0.69, 2.5, -0.1, 0.4, -1.6], [6, 1]);
    const s = settings(-1, 1);
    const p = weightParams(w, s, 'twn');
    const found = await p.data();
    expectCloseArrays([found[0]!, found[1]!], [(0.71 + 2.5 + 1.6) / 3, 1 / 1.4], 1e-6);
    expect(await read(quantize(w, p, s))).toEqual([1, 0, 1, 0, 0, -1]);
  });

  test('TWN on random weights, per tensor and per channel', async () => {
    const values = normal(600, 7);
    for (const perChannel of [false, true]) {
      const s = settings(-1, 1, 1, Number(perChannel));
      const { scale, inverse } = await rows(tf.tensor2d(values, [100, 6]), s, 'twn');
      const expected = groupsOf(values, 6, perChannel).map((group) => {
        const threshold = 0.7 * meanOf(magnitudes(group));
        return [meanOf(magnitudes(group).filter((v) => v > threshold)), 0.5 / threshold] as const;
      });
      expectCloseArrays(
        scale,
        expected.map(([mean]) => mean),
        1e-5,
      );
      expectCloseArrays(
        inverse,
        expected.map(([, factor]) => factor),
        1e-5,
      );
    }
  });

  test('DoReFa: the scale is 1 / (2^n - 1), the factor that over twice the largest tanh', async () => {
    const values = normal(300, 8).map((v) => 2 * v);
    for (const perChannel of [false, true]) {
      const s = settings(-15, 15, 3, Number(perChannel));
      const { scale, inverse } = await rows(tf.tensor2d(values, [50, 6]), s, 'dorefa');
      expect(scale).toEqual(Array(6).fill(fround(1 / 15)));
      const factors = groupsOf(values, 6, perChannel).map(
        (group) => 7.5 / Math.max(...magnitudes(group).map(Math.tanh)),
      );
      expectCloseArrays(inverse, factors, 1e-6);
    }
  });

  test.each(methods)('%s: mode 0 passes through, mode 2 is the mean magnitude', async (method) => {
    const values = randomFloats(222, 10, -2, 1);
    const w = tf.tensor(values, [37, 6]);
    const off = await rows(w, settings(0, 0, 0), method);
    expect(Object.values(off).flat()).toEqual([...Array(12).fill(1), ...Array(12).fill(0)]);
    const sign = await rows(w, settings(-1, 1, 2, 1), method);
    const means = groupsOf(values, 6, true).map((group) => meanOf(magnitudes(group)));
    const scales = method === 'pow2' ? means.map((mean) => 2 ** Math.ceil(Math.log2(mean))) : means;
    expectCloseArrays(sign.scale, scales, 1e-6);
    expect(sign.inverse).toEqual(sign.scale.map((v) => fround(1 / v)));
  });

  test.each(methods)('%s: weights that are all zero quantize to 0, a NaN gives NaN', async (method) => {
    const s = settings(-1, 1, 1, 1);
    const p = weightParams(tf.tensor2d([0, 1, 0, -2], [2, 2]), s, method);
    const found = await p.data();
    expect(Array.from(found).every(Number.isFinite)).toBe(true);
    expect((await read(quantize(tf.tensor2d([0, 0], [1, 2]), p, s))).slice(0, 2)).toEqual([0, 0]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const w = tf.tensor2d([1, 2, bad, 3], [2, 2]);
      const perChannel = await weightParams(w, s, method).data();
      expect(Array.from(perChannel.slice(0, 4), Number.isNaN)).toEqual([true, false, true, false]);
      const perTensor = await weightParams(w, settings(-1, 1), method).data();
      expect(Array.from(perTensor.slice(0, 4), Number.isNaN)).toEqual([true, true, true, true]);
    }
  });

  test('nothing is left behind', () => {
    const w = tf.tensor2d(randomFloats(35, 1), [5, 7]);
    for (const method of methods) expectNoLeak(() => weightParams(w, settings(-7, 7), method));
  });
});

test.each(['mse', 'percentile', 'pow2', 'dorefa'] as const)(
  '%s: all backends find the same parameters to the last bit',
  async (method) => {
    const values = normal(4000, 31);
    const compute = async () => {
      const w = tf.tensor2d(values, [400, 10]);
      return [
        await read(weightParams(w, settings(-7, 7, 1, 1), method)),
        await read(weightParams(w, settings(-7, 7, 1, 0), method)),
      ];
    };
    const [cpu, wasm, webgpu] = await onEach(backends, compute);
    expect(wasm).toEqual(cpu);
    expect(webgpu).toEqual(cpu);
  },
);
