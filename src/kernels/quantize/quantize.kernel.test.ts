import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, params, read, settings } from '../testing/tensors';
import { quantize } from './index';

/** The definition, value by value. */
function reference(x: number, scale: number, zeroPoint: number, qmin: number, qmax: number): number {
  const inverse = Math.fround(1 / Math.fround(scale));
  const q = nearestEven(Math.fround(Math.fround(x) * inverse)) + zeroPoint;
  return Math.min(Math.max(q, qmin), qmax) - zeroPoint + 0;
}

/** d sum(quantize(x) * dq) / dx */
async function gradient(
  x: tf.Tensor,
  p: tf.Tensor2D,
  s: tf.Tensor1D,
  dq: tf.Tensor = tf.onesLike(x),
): Promise<number[]> {
  return read(tf.grad((v: tf.Tensor) => quantize(v, p, s))(x, dq));
}

const shapes = [[1], [3], [4], [7, 1], [5, 8], [3, 3, 3, 5], [2, 6, 13], [130, 10]];

describe.each(backends)('quantize on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('ties round to even before an odd zero point is added', async () => {
    const x = tf.tensor1d([0.5, 1.5, 2.5, -0.5, -1.5, -2.5]);
    const q = quantize(x, params([1], [3]), settings(0, 255));
    expect(await read(q)).toEqual([0, 2, 2, 0, -2, -2]);
  });

  test('values outside are clamped to qmin and qmax, narrow or full', async () => {
    const x = tf.tensor1d([-1000, -128.4, -127.6, 126.5, 127.5, 1000]);
    expect(await read(quantize(x, params([1]), settings(-127, 127)))).toEqual([
      -127, -127, -127, 126, 127, 127,
    ]);
    expect(await read(quantize(x, params([1]), settings(-128, 127)))).toEqual([
      -128, -128, -128, 126, 127, 127,
    ]);
  });

  test('x is multiplied by the rounded reciprocal, which differs from a division at ties', async () => {
    const scale = Math.fround(0.03);
    const ties = Array.from({ length: 254 }, (_, i) => Math.fround((i - 127 + 0.5) * scale));
    const q = await read(quantize(tf.tensor1d(ties), params([scale]), settings(-128, 127)));
    expect(q).toEqual(ties.map((x) => reference(x, scale, 0, -128, 127)));
    const divided = ties.map((x) => nearestEven(Math.fround(x / scale)) + 0);
    expect(q.filter((value, i) => value !== divided[i]).length).toBe(82);
  });

  test('0 maps to 0 whatever the zero point', async () => {
    for (const zeroPoint of [0, 1, 65, 255]) {
      const q = quantize(tf.tensor1d([0]), params([0.0537], [zeroPoint]), settings(0, 255));
      expect(await read(q)).toEqual([0]);
    }
  });

  test.each(shapes.map((shape) => [shape]))('random values of shape %j, per tensor', async (shape) => {
    const x = randomFloats(tf.util.sizeFromShape(shape), 11, -9, 9);
    const q = await read(quantize(tf.tensor(x, shape), params([0.0537], [65]), settings(0, 255)));
    expect(q).toEqual(Array.from(x, (value) => reference(value, 0.0537, 65, 0, 255)));
  });

  test.each(shapes.map((shape) => [shape]))('random values of shape %j, per channel', async (shape) => {
    const channels = shape.at(-1)!;
    const scales = Array.from(randomFloats(channels, 5, 0.01, 0.7));
    const zeroPoints = scales.map((_, c) => (c % 5) - 2);
    const x = randomFloats(tf.util.sizeFromShape(shape), 12, -3, 3);
    const q = await read(quantize(tf.tensor(x, shape), params(scales, zeroPoints), settings(-7, 7)));
    const expected = Array.from(x, (value, i) =>
      reference(value, scales[i % channels]!, zeroPoints[i % channels]!, -7, 7),
    );
    expect(q).toEqual(expected);
  });

  test('mode 0 passes x and its gradient through', async () => {
    const x = tf.tensor1d([-1e30, -0.3, 0, 0.25, 1e-20, 5e8]);
    const dq = tf.tensor1d([1, -2, 3, 4, 5, 6]);
    const off = settings(-127, 127, 0);
    expect(await read(quantize(x, params([0.1], [3]), off))).toEqual(await read(x));
    expect(await gradient(x, params([0.1], [3]), off, dq)).toEqual([1, -2, 3, 4, 5, 6]);
  });

  test('mode 2 gives the sign, that of 0 being +1, and passes the gradient where |x| <= 1', async () => {
    const x = tf.tensor1d([-3, -1.0001, -1, -0.001, 0, 0.5, 1, 1.0001]);
    const sign = settings(-1, 1, 2);
    expect(await read(quantize(x, params([0.5]), sign))).toEqual([-1, -1, -1, -1, 1, 1, 1, 1]);
    expect(await gradient(x, params([0.5]), sign)).toEqual([0, 0, 2, 2, 2, 2, 2, 0]);
  });

  test('mode 2 per channel divides the gradient by the scale of the channel', async () => {
    const x = tf.tensor2d([0.5, 2, -0.5, 0.1, -0.1, 3, 1, 1, 1, 1], [2, 5]);
    const p = params([0.5, 0.25, 1, 2, 4]);
    const sign = settings(-1, 1, 2, 1);
    expect(await read(quantize(x, p, sign))).toEqual([1, 1, -1, 1, -1, 1, 1, 1, 1, 1]);
    expect(await gradient(x, p, sign)).toEqual([2, 0, 1, 0.5, 0.25, 0, 4, 1, 0.5, 0.25]);
  });

  test('the mask of the gradient is inclusive and on the rounded, unclamped value', async () => {
    const x = tf.tensor1d([-8.6, -8.5, -8, 0, 7, 7.4, 7.5]);
    expect(await gradient(x, params([1]), settings(-8, 7))).toEqual([0, 1, 1, 1, 1, 1, 0]);
  });

  test('the mask around both ends, at every zero point, odd levels and even ones', async () => {
    // Scale 1: the numbers next to the ties too, and those that a rounding has no answer to.
    const next = 2 ** -18;
    const numbers = Array.from({ length: 80 }, (_, i) => i / 2 - 20).flatMap((x) => [x - next, x, x + next]);
    const x = tf.tensor1d([...numbers, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    for (const [qmin, qmax] of [
      [-8, 7],
      [-7, 7],
      [0, 15],
      [0, 1],
      [-1, 0],
    ] as const)
      for (let zeroPoint = qmin; zeroPoint <= qmax; zeroPoint++) {
        const inside = (value: number) => {
          const level = nearestEven(value) + zeroPoint;
          return Number(level >= qmin && level <= qmax);
        };
        const expected = [...numbers.map(inside), 0, 0, 0];
        expect(await gradient(x, params([1], [zeroPoint]), settings(qmin, qmax))).toEqual(expected);
      }
  });

  test('the mask is that of the rounded value for any bits of a float, at scales that round and zero points between levels', async () => {
    const bits = new Uint32Array(1);
    const float = new Float32Array(bits.buffer);
    const neighbours = (value: number): number[] =>
      [-2, -1, 0, 1, 2].map((ulps) => {
        float[0] = value;
        bits[0]! += ulps;
        return float[0]!;
      });
    const random = new Float32Array(new Uint32Array(randomFloats(400, 31, 0, 2 ** 32)).buffer);
    for (const [zeroPoint, qmin, qmax] of [
      [0, -7, 7],
      [0, -128, 127],
      [3, 0, 15],
      [-128, -128, 127],
      [0.5, -4, 3],
      [-2.25, -1, 1],
      [Math.fround(0.1), -8, 7],
    ] as const)
      for (const scale of [1, 0.0537, 3.7]) {
        const inverse = Math.fround(1 / Math.fround(scale));
        const levels = [qmin - 1, qmin - 0.5, qmin, qmin + 0.5, qmax - 0.5, qmax, qmax + 0.5, qmax + 1];
        const near = levels.flatMap((level) => [level, level - zeroPoint].map((at) => (at - 0.5) / inverse));
        const x = Float32Array.of(0, -0, ...near.flatMap(neighbours), ...random);
        const got = await gradient(tf.tensor1d(x), params([scale], [zeroPoint]), settings(qmin, qmax));
        const expected = Array.from(x, (value) => {
          const rounded = nearestEven(Math.fround(value * inverse)) + zeroPoint;
          return rounded >= qmin && rounded <= qmax ? inverse : 0;
        });
        expect(got).toEqual(expected);
      }
  });

  test('the gradient is dq / scale inside the range and 0 outside, per channel', async () => {
    const shape = [6, 5];
    const scales = [0.1, 0.2, 0.3, 0.4, 0.5];
    const zeroPoints = [0, 1, -3, 2, 5];
    const x = randomFloats(30, 3, -4, 4);
    const dq = randomFloats(30, 4);
    const got = await gradient(
      tf.tensor(x, shape),
      params(scales, zeroPoints),
      settings(-8, 7),
      tf.tensor(dq, shape),
    );
    const expected = Array.from(x, (value, i) => {
      const inverse = Math.fround(1 / Math.fround(scales[i % 5]!));
      const rounded = nearestEven(Math.fround(value * inverse)) + zeroPoints[i % 5]!;
      return rounded >= -8 && rounded <= 7 ? Math.fround(dq[i]! * inverse) : 0;
    });
    expect(got).toEqual(expected);
    expect(expected).toContain(0);
  });

  test('quantizing and multiplying by the scale is straight through within the range', async () => {
    const x = tf.tensor1d([-0.4, 0.1, 0.3]);
    const p = params([0.25]);
    const fakeQuantized = (v: tf.Tensor) => tf.mul(quantize(v, p, settings(-127, 127)), 0.25);
    expect(await read(tf.grad(fakeQuantized)(x))).toEqual([1, 1, 1]);
  });

  test('NaN stays NaN in every mode, and a NaN scale makes NaN', async () => {
    const x = tf.tensor1d([1, Number.NaN, 2, 3, 4]);
    for (const mode of [0, 1, 2]) {
      const q = await quantize(x, params([1]), settings(-7, 7, mode)).data();
      expect(Array.from(q, Number.isNaN)).toEqual([false, true, false, false, false]);
    }
    const lost = await quantize(x, params([Number.NaN]), settings(-7, 7)).data();
    expect(lost.every(Number.isNaN)).toBe(true);
  });

  test('infinities are clamped', async () => {
    const x = tf.tensor1d([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(await read(quantize(x, params([0.5]), settings(-7, 7)))).toEqual([7, -7]);
  });

  test('settings that change between calls are followed', async () => {
    const x = tf.tensor1d([-3, -0.2, 0.2, 3]);
    const s = tf.variable(settings(-7, 7), false);
    const p = params([0.1]);
    const run = () => read(quantize(x, p, s as unknown as tf.Tensor1D));
    expect(await run()).toEqual([-7, -2, 2, 7]);
    s.assign(settings(-1, 1));
    expect(await run()).toEqual([-1, -1, 1, 1]);
    s.assign(settings(-1, 1, 2));
    expect(await run()).toEqual([-1, -1, 1, 1]);
    s.assign(settings(-1, 1, 0));
    expect(await run()).toEqual(await read(x));
  });

  test('nothing is left behind', () => {
    const x = tf.tensor2d(randomFloats(35, 1), [5, 7]);
    const p = params([0.1]);
    const s = settings(-7, 7);
    expectNoLeak(() => quantize(x, p, s));
    expectNoLeak(() => tf.grad((v: tf.Tensor) => quantize(v, p, s))(x));
  });

  test('parameters of the wrong length are refused in a sentence', () => {
    expect(() => quantize(tf.zeros([2, 3]), params([1, 1]), settings(-7, 7))).toThrow(
      'The quantization parameters must have the shape [4, 3], but has [4, 2].',
    );
  });
});

test('all backends give the same gradients', async () => {
  const x = randomFloats(5000, 22, -3, 3);
  const scale = 0.0234567;
  const ties = x.map((value) => (Math.round(value / scale) + 0.5) * scale);
  const values = () => tf.tensor1d(Float32Array.of(...x, ...ties));
  // A zero point that is no whole number too.
  for (const zeroPoint of [7, -128, 0.3]) {
    const compute = () => gradient(values(), params([scale], [zeroPoint]), settings(-128, 127));
    const [cpu, wasm, webgpu] = await onEach(backends, compute);
    expect(wasm).toEqual(cpu);
    expect(webgpu).toEqual(cpu);
  }
});

test('all backends give the same integers', async () => {
  const x = randomFloats(50_000, 21, -3, 3);
  const scale = 0.0234567;
  const ties = x.map((value) => (Math.round(value / scale) + 0.5) * scale);
  const compute = () =>
    read(quantize(tf.tensor1d(Float32Array.of(...x, ...ties)), params([scale], [7]), settings(-128, 127)));
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
