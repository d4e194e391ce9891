/** The fixed-point arithmetic against big integers and exact fractions. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addShift,
  factorOf,
  fixedPoint,
  integerBias,
  multiplyShift,
  nearestEven,
  quantizeTo,
  rescale,
  rescaleTo,
} from './arithmetic';

/** round(value / 2^shift), half to even, of big integers. */
function shiftBig(value: bigint, shift: number): number {
  const s = BigInt(shift);
  const below = value >> s;
  const rest = value - (below << s);
  const half = 1n << (s - 1n);
  const up = rest > half || (rest === half && (below & 1n) === 1n);
  return Number(up ? below + 1n : below);
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const multiplier = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const shift = fc.integer({ min: 1, max: 62 });
/** Results that are clamped anyway may be inexact beyond this. */
const clamp = (x: number) => Math.min(Math.max(x, -(2 ** 31)), 2 ** 31 - 1);
const runs = { numRuns: 20_000 };

describe('requantization', () => {
  test('is the product of big integers, rounded once, half to even', () => {
    fc.assert(
      fc.property(int32, multiplier, shift, (v, m, s) => {
        expect(clamp(multiplyShift(v, m, s)) + 0).toBe(clamp(shiftBig(BigInt(v) * BigInt(m), s)));
      }),
      runs,
    );
  });

  test('of two operands rounds their sum once', () => {
    fc.assert(
      fc.property(int32, multiplier, int32, multiplier, shift, (v, m, w, n, s) => {
        const exact = BigInt(v) * BigInt(m) + BigInt(w) * BigInt(n);
        expect(clamp(addShift(v, m, w, n, s)) + 0).toBe(clamp(shiftBig(exact, s)));
      }),
      runs,
    );
  });

  test('at ties goes to the even neighbour, also beyond the precision of a double', () => {
    // (2k + 1) * 2^30 / 2^31 = k + 1/2
    const ties = [-3, -1, 1, 3, 5, 2 ** 30 + 1, 2 ** 31 - 1, -(2 ** 31) + 1];
    expect(ties.map((v) => multiplyShift(v, 2 ** 30, 31))).toEqual(
      ties.map((v) => shiftBig(BigInt(v) * 2n ** 30n, 31)),
    );
    expect([-3, -1, 1, 3, 5].map((v) => multiplyShift(v, 2 ** 30, 31) + 0)).toEqual([-2, 0, 0, 2, 2]);
    // A tie of 62-bit products: v * 2^30 / 2^61 with v = 2^30.
    expect(multiplyShift(2 ** 30, 2 ** 30, 61) + 0).toBe(0);
    expect(multiplyShift(2 ** 30 + 2, 2 ** 30, 61)).toBe(1);
  });

  // facts: gemmlowp's SaturatingRoundingDoublingHighMul, then a rounding shift that takes halves away from zero.
  test.each([
    [0.0003, 60],
    [0.0117, 1560],
  ])(
    'at %d differs from two roundings, as gemmlowp makes them, at %i of 200,001 sums',
    (factor, differing) => {
      const exponent = Math.floor(Math.log2(factor)) + 1;
      const multiplier = Math.round(factor * 2 ** (31 - exponent));
      const wide = BigInt(multiplier);
      const twice = (sum: number) => {
        const product = BigInt(sum) * wide;
        const high = Number((product + (product >= 0n ? 1n << 30n : 1n - (1n << 30n))) / (1n << 31n));
        return Math.sign(high) * Math.round(Math.abs(high) / 2 ** -exponent);
      };
      let count = 0;
      for (let sum = -100_000; sum <= 100_000; sum++)
        if (multiplyShift(sum, multiplier, 31 - exponent) !== twice(sum)) count++;
      expect(count).toBe(differing);
    },
  );

  test('multipliers are the factors themselves: nothing is lost of a float32', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(2 ** -30), max: 2 ** 20, noNaN: true }), (factor) => {
        const { multipliers, shift: s } = fixedPoint([factor]);
        expect(multipliers[0]! * 2 ** -s).toBe(factor);
        expect(multipliers[0]!).toBeGreaterThanOrEqual(2 ** 30);
        expect(multipliers[0]!).toBeLessThan(2 ** 31);
      }),
    );
    expect(fixedPoint([0])).toEqual({ multipliers: [0], shift: 62 });
    expect(fixedPoint([2 ** 31]).multipliers[0]).toBe(2 ** 31 - 2 ** 7);
    // Two factors share a shift; the smaller keeps what fits.
    expect(fixedPoint([1, 2 ** -3])).toEqual({ multipliers: [2 ** 30, 2 ** 27], shift: 30 });
  });

  test('clamps to the grid, with ReLU from its zero point', () => {
    const grid = { scale: 0.5, zeroPoint: 3, qmin: 0, qmax: 15 };
    const plain = rescaleTo(grid, [[factorOf(0.25, 1, 0.5)]], false);
    const relu = rescaleTo(grid, [[factorOf(0.25, 1, 0.5)]], true);
    const sums = [-100, -6, -3, -1, 0, 1, 3, 5, 100];
    expect(sums.map((v) => rescale(plain, 0, v))).toEqual([0, 0, 1, 3, 3, 3, 5, 5, 15]);
    expect(sums.map((v) => rescale(relu, 0, v))).toEqual([3, 3, 3, 3, 3, 3, 5, 5, 15]);
  });
});

test('numbers come to a grid half to even before the zero point, and biases to the grid of the sums', () => {
  const grid = { scale: 1, zeroPoint: 3, qmin: 0, qmax: 7 };
  expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 9, -9].map((x) => quantizeTo(grid, x))).toEqual([
    3, 5, 5, 3, 1, 1, 7, 0,
  ]);
  expect(integerBias(-0.375, 0.5, 0.5)).toBe(-2);
  expect(integerBias(1e30, 0.5, 0.5)).toBe(2 ** 31 - 1);
  expect([0.5, 1.5, -2.5, 2 ** 52 + 1].map(nearestEven).map((x) => x + 0)).toEqual([0, 2, -2, 2 ** 52 + 1]);
});
