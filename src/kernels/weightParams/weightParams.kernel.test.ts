import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { quantize } from '../quantize';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read, settings } from '../testing/tensors';
import { weightParams } from './index';

const fround = Math.fround;
const smallest = 2 ** -24;

/** [scale, inverse, zero point, quantized] rows by the definition. */
function expectedParams(w: Float32Array, channels: number, qmax: number, perChannel: boolean): number[] {
  const largest = (values: number[]) => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const scales = Array.from({ length: channels }, (_, c) =>
    fround(largest(Array.from(w).filter((_, i) => !perChannel || i % channels === c)) / qmax),
  );
  return [...scales, ...scales.map((s) => fround(1 / s)), ...scales.map(() => 0), ...scales.map(() => 1)];
}

const shapes = [[1], [3, 1], [1, 4], [5, 3], [784, 10], [3, 3, 2, 7], [3, 3, 8, 16], [300, 9]];

describe.each(backends)('weightParams on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('scale and inverse of known weights', async () => {
    const w = tf.tensor2d([0.5, -2, 1, 0.25, 1.5, -4], [3, 2]);
    const perTensor = await read(weightParams(w, settings(-127, 127), 'absmax'));
    const [s, i] = [fround(4 / 127), fround(1 / fround(4 / 127))];
    expect(perTensor).toEqual([s, s, i, i, 0, 0, 1, 1]);
    const perChannel = await read(weightParams(w, settings(-7, 7, 1, 1), 'absmax'));
    const [a, b] = [fround(1.5 / 7), fround(4 / 7)];
    expect(perChannel).toEqual([a, b, fround(1 / a), fround(1 / b), 0, 0, 1, 1]);
  });

  test.each(shapes.map((shape) => [shape]))('random weights of shape %j', async (shape) => {
    const channels = shape.at(-1)!;
    const values = randomFloats(tf.util.sizeFromShape(shape), 8, -0.7, 0.5);
    const w = tf.tensor(values, shape);
    for (const [granularity, qmax] of [
      [0, 127],
      [1, 127],
      [1, 3],
      [0, 1],
    ] as const) {
      const found = await read(weightParams(w, settings(-qmax, qmax, 1, granularity), 'absmax'));
      expect(found).toEqual(expectedParams(values, channels, qmax, granularity === 1));
    }
  });

  test('the largest weight is quantized to qmax, at every number of bits', async () => {
    const values = randomFloats(60, 9);
    const w = tf.tensor2d(values, [12, 5]);
    for (let bits = 2; bits <= 8; bits++) {
      const qmax = 2 ** (bits - 1) - 1;
      const s = settings(-qmax, qmax, 1, 1);
      const q = await read(quantize(w, weightParams(w, s, 'absmax'), s));
      const largest = Array.from({ length: 5 }, (_, c) =>
        q.reduce((m: number, v, i) => (i % 5 === c ? Math.max(m, Math.abs(v)) : m), 0),
      );
      expect(largest).toEqual(Array(5).fill(qmax));
    }
  });

  test('mode 2 takes the mean magnitude, per tensor and per channel', async () => {
    const shape = [37, 6];
    const values = randomFloats(222, 10, -2, 1);
    const w = tf.tensor(values, shape);
    const mean = (keep: (i: number) => boolean) => {
      const kept = Array.from(values).filter((_, i) => keep(i));
      return kept.reduce((sum, v) => sum + Math.abs(v), 0) / kept.length;
    };
    const perTensor = await read(weightParams(w, settings(-1, 1, 2, 0), 'absmax'));
    expectCloseArrays(perTensor.slice(0, 6), Array(6).fill(mean(() => true)), 1e-6);
    const perChannel = await read(weightParams(w, settings(-1, 1, 2, 1), 'absmax'));
    const means = Array.from({ length: 6 }, (_, c) => mean((i) => i % 6 === c));
    expectCloseArrays(perChannel.slice(0, 6), means, 1e-6);
    expect(perChannel.slice(6, 12)).toEqual(perChannel.slice(0, 6).map((s) => fround(1 / s)));
    expect(perChannel.slice(12)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });

  test('long sums keep their precision', async () => {
    const w = tf.fill([50_000, 2], 0.1);
    const found = await read(weightParams(w, settings(-1, 1, 2, 1), 'absmax'));
    expectCloseArrays(found.slice(0, 2), [fround(0.1), fround(0.1)], 2e-6);
  });

  test('mode 0 gives 1, 1, 0, 0', async () => {
    const w = tf.tensor2d(randomFloats(10, 1), [2, 5]);
    const found = await read(weightParams(w, settings(-127, 127, 0), 'absmax'));
    expect(found).toEqual([...Array(10).fill(1), ...Array(10).fill(0)]);
  });

  test('weights that are all zero get the smallest scale and quantize to 0', async () => {
    const w = tf.tensor2d([0, 1, 0, -2], [2, 2]);
    const s = settings(-127, 127, 1, 1);
    const p = weightParams(w, s, 'absmax');
    const found = await read(p);
    expect([found[0], found[2]]).toEqual([smallest, 2 ** 24]);
    expect(await read(quantize(w, p, s))).toEqual([0, 64, 0, -127]);
    const sign = await read(weightParams(tf.zeros([2, 2]), settings(-1, 1, 2), 'absmax'));
    expect(sign.slice(0, 2)).toEqual([smallest, smallest]);
  });

  test('a NaN or infinite weight makes the scale of its channel NaN', async () => {
    for (const bad of [Number.NaN, -Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const mode of [1, 2]) {
        const w = tf.tensor2d([1, 2, bad, 3, 1, 1], [3, 2]);
        const perChannel = await weightParams(w, settings(-7, 7, mode, 1), 'absmax').data();
        expect(Array.from(perChannel.slice(0, 4), Number.isNaN)).toEqual([true, false, true, false]);
        const perTensor = await weightParams(w, settings(-7, 7, mode, 0), 'absmax').data();
        expect(Array.from(perTensor.slice(0, 4), Number.isNaN)).toEqual([true, true, true, true]);
      }
    }
  });

  test('the parameters are constants to differentiation', async () => {
    const w = tf.tensor2d([0.5, -1, 0.25, 0.75], [2, 2]);
    const s = settings(-127, 127);
    const fakeQuantized = (v: tf.Tensor) => {
      const p = weightParams(v, s, 'absmax');
      return tf.sum(tf.mul(quantize(v, p, s), tf.slice(p, [0, 0], [1, 2])));
    };
    expectCloseArrays(await tf.grad(fakeQuantized)(w).data(), [1, 1, 1, 1], 1e-6);
  });

  test('settings that change between calls are followed', async () => {
    const w = tf.tensor2d([0.5, -1, 0.25, 2], [2, 2]);
    const s = tf.variable(settings(-127, 127, 0), false);
    const scales = async () =>
      (await read(weightParams(w, s as unknown as tf.Tensor1D, 'absmax'))).slice(0, 2);
    expect(await scales()).toEqual([1, 1]);
    s.assign(settings(-1, 1, 1, 0));
    expect(await scales()).toEqual([2, 2]);
    s.assign(settings(-1, 1, 1, 1));
    expect(await scales()).toEqual([0.5, 2]);
    s.assign(settings(-1, 1, 2, 1));
    expect(await scales()).toEqual([0.375, 1.5]);
  });

  test('nothing is left behind', () => {
    const w = tf.tensor2d(randomFloats(35, 1), [5, 7]);
    const s = settings(-7, 7);
    expectNoLeak(() => weightParams(w, s, 'absmax'));
    expectNoLeak(() => tf.grad((v: tf.Tensor) => quantize(v, weightParams(v, s, 'absmax'), s))(w));
  });
});

test('all backends give the same parameters and integers', async () => {
  const values = randomFloats(4000, 31, -0.31, 0.29);
  const compute = async () => {
    const w = tf.tensor2d(values, [400, 10]);
    const s = settings(-7, 7, 1, 1);
    const p = weightParams(w, s, 'absmax');
    return [await read(p), await read(quantize(w, p, s))];
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
