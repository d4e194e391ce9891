import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, params, read, settings } from '../testing/tensors';
import { requantize } from './index';

const { fround } = Math;

/** round(value / 2^shift), half to even. */
function shiftBig(value: bigint, shift: bigint): bigint {
  const below = value >> shift;
  const twice = (value - (below << shift)) * 2n;
  const unit = 1n << shift;
  return twice > unit || (twice === unit && (below & 1n) === 1n) ? below + 1n : below;
}

interface Problem {
  sums: number[];
  inputScale: number;
  scales: number[];
  bias: number[];
  outScale: number;
  zeroPoint: number;
  range: [number, number];
  /** With one scale, or one for each channel. */
  more?: { values: number[]; scale: number | number[] };
}

/** Written down from the documentation, with big integers. */
function expected({ sums, inputScale, scales, bias, outScale, zeroPoint, range, more }: Problem): number[] {
  const [low, high] = range;
  return sums.map((sum, i) => {
    const c = i % scales.length;
    const s = fround(fround(inputScale) * fround(scales[c]!));
    const scale = Array.isArray(more?.scale) ? more.scale[c]! : (more?.scale ?? 0);
    const factors = [fround(s / fround(outScale)), fround(fround(scale) / fround(outScale))];
    const exponent = Math.floor(Math.log2(Math.max(...factors)));
    const shift = Math.min(Math.max(30 - exponent, 1), 62);
    const [m, n] = factors.map((factor) => BigInt(nearestEven(factor * 2 ** shift)));
    const b = nearestEven(fround(fround(bias[c]!) / s));
    const v = BigInt(sum + b) * m! + BigInt(more?.values[i] ?? 0) * n!;
    const q = Number(shiftBig(v, BigInt(shift))) + zeroPoint;
    return Math.min(Math.max(q, low), high) - zeroPoint;
  });
}

function compute(problem: Problem, dtype: 'float32' | 'int32' = 'float32'): tf.Tensor {
  const { sums, inputScale, scales, bias, outScale, zeroPoint, range, more } = problem;
  const shape = [sums.length / scales.length, scales.length];
  return requantize(
    {
      sums: tf.tensor(sums, shape, dtype),
      inputParams: params([inputScale]),
      weightParams: params(scales),
      bias: tf.tensor1d(bias),
    },
    params([outScale], [zeroPoint]),
    settings(...range),
    more
      ? { values: tf.tensor(more.values, shape), params: params([more.scale].flat()) }
      : { values: tf.zeros([1]), params: tf.zeros([4, 1]) },
  );
}

function problem(seed: number, largest: number, outScale = 0.02): Problem {
  const scales = Array.from(randomFloats(7, seed, 0.001, 0.05));
  return {
    sums: Array.from(randomIntegers(7 * 300, seed + 1, -largest, largest)),
    inputScale: 0.0417,
    scales,
    bias: Array.from(randomFloats(7, seed + 2)),
    outScale,
    zeroPoint: 5,
    range: [0, 255],
  };
}

describe.each(backends)('requantize on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('is the product of big integers, rounded once', async () => {
    for (const largest of [300, 20_000, 2 ** 24]) {
      const one = problem(largest, largest);
      expect(await read(compute(one))).toEqual(expected(one));
    }
  });

  test('is exact for int32 sums, and in a range as wide as that of logits', async () => {
    const range: [number, number] = [-(2 ** 24), 2 ** 24];
    const one = { ...problem(3, 2 ** 31 - 2 ** 20, 2 ** -6), range, zeroPoint: 0 };
    expect(await read(compute(one, 'int32'))).toEqual(expected(one));
  });

  test('rounds the sum of two operands once', async () => {
    for (const scale of [0.01, 3, 0.00002, Array.from(randomFloats(7, 11, 0.001, 2))]) {
      const one = problem(9, 200);
      const more = { values: Array.from(randomIntegers(one.sums.length, 4, -255, 255)), scale };
      expect(await read(compute({ ...one, more }))).toEqual(expected({ ...one, more }));
    }
  });

  test('is the same in every layout: sums that float64 holds and others side by side', async () => {
    for (const channels of [1, 3, 8, 33])
      for (const dtype of ['float32', 'int32'] as const)
        for (const scale of [undefined, 0.004, 2]) {
          const count = channels * (channels === 1 ? 203 : 19);
          const most = dtype === 'int32' ? 2 ** 31 - 2 ** 20 : 2 ** 24;
          const sums = Array.from(randomIntegers(count, channels, -5000, 5000), (sum, i) =>
            i % 5 === 3 ? (sum % 2 ? most : -most) - Math.abs(sum) * (dtype === 'int32' ? 64 : 0) : sum,
          );
          const one: Problem = {
            ...problem(1, 1),
            sums,
            scales: Array.from(randomFloats(channels, channels + 1, 0.00001, 0.05)),
            bias: Array.from(randomFloats(channels, channels + 2)),
            range: [-(2 ** 20), 2 ** 20],
          };
          const values = Array.from(randomIntegers(count, 5, -(2 ** 20), 2 ** 20));
          const whole = scale === undefined ? one : { ...one, more: { values, scale } };
          // Sums of two products of 63 bits each are not asked for.
          if (dtype === 'int32' && scale !== undefined) whole.sums = sums.map((sum) => sum >> 2);
          expect(await read(compute(whole, dtype))).toEqual(expected(whole));
        }
  });

  test('goes to the even neighbour at ties, on both sides of zero', async () => {
    const ties: Problem = {
      sums: [-5, -3, -1, 0, 1, 3, 5, 7],
      inputScale: 1,
      scales: [1],
      bias: [0],
      outScale: 2,
      zeroPoint: 8,
      range: [0, 15],
    };
    expect(await read(compute(ties))).toEqual([-2, -2, 0, 0, 0, 2, 2, 4]);
    // The product is 61 bits wide and the half is its last.
    const wide = { ...ties, sums: [2 ** 30, 2 ** 30 + 2, -(2 ** 30) - 2], outScale: 2 ** 31 };
    expect(await read(compute(wide, 'int32'))).toEqual([0, 1, -1]);
  });

  test('NaN of sums, of a scale and of the second operand stays NaN', async () => {
    const one = { ...problem(5, 100), sums: [1, Number.NaN, 3, 4, 5, 6, 7] };
    expect((await read(compute(one))).map(Number.isNaN)).toEqual([false, true, ...Array(5).fill(false)]);
    const scaled = { ...one, sums: [1, 2, 3, 4, 5, 6, 7], outScale: Number.NaN };
    expect((await read(compute(scaled))).every(Number.isNaN)).toBe(true);
    const more = { values: [0, 0, 0, Number.NaN, 0, 0, 0], scale: 1 };
    const both = await read(compute({ ...one, sums: [1, 2, 3, 4, 5, 6, 7], more }));
    expect(both.map(Number.isNaN)).toEqual([false, false, false, true, false, false, false]);
  });

  test('nothing is left behind, and shapes that do not fit are refused in a sentence', () => {
    const one = problem(6, 100);
    expectNoLeak(() => compute(one));
    expect(() => compute({ ...one, bias: [1] })).toThrow('The bias');
  });
});
