import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stream } from './random';

const draw = (n: number, next: () => number) => Array.from({ length: n }, next);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a stream gives the golden values of an independent implementation (Python integers)', () => {
  const bits = (seed: number, name: string) => {
    const random = stream(seed, name);
    return draw(4, () => random.next() * 2 ** 32);
  };
  test('its bits', () => {
    expect(bits(42, 'data')).toEqual([0x1f1dfb8e, 0xf788b904, 0x9abdd102, 0xd3817cc]);
    expect(bits(42, 'weights')).toEqual([0x77bd5236, 0xef1fb0c5, 0xd53a3478, 0x52f44638]);
    expect(bits(2 ** 32 - 1, 'order')).toEqual([0xb5c5af63, 0xc3572db0, 0x2aeea741, 0xe4c6a536]);
  });

  test('its normal values, to the last bit', () => {
    const random = stream(42, 'data');
    expect(draw(4, () => random.normal())).toEqual([
      -0.4106614571844628, 0.8961807108437785, -0.048598311575532654, -0.711650180710931,
    ]);
  });

  test('its integers and its permutation', () => {
    const random = stream(42, 'data');
    expect(draw(12, () => random.int(10))).toEqual([8, 2, 4, 6, 2, 5, 4, 9, 1, 2, 2, 6]);
    expect([...stream(7, 'order').permutation(8)]).toEqual([1, 3, 7, 6, 5, 2, 4, 0]);
  });
});

test('streams of other names or neighbouring seeds are uncorrelated', () => {
  const n = 20_000;
  const first = stream(1, 'data');
  const reference = draw(n, () => first.next() - 0.5);
  for (const other of [stream(1, 'weights'), stream(1, 'order'), stream(1, 'datb'), stream(2, 'data')]) {
    const correlation = 12 * mean(reference.map((value) => value * (other.next() - 0.5)));
    // Five standard errors.
    expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(n));
  }
});

test('uniform values lie in [0, 1) and fill it evenly', () => {
  const random = stream(3, 'data');
  const bins = new Array<number>(20).fill(0);
  for (let i = 0; i < 100_000; i++) bins[Math.floor(random.next() * 20)]!++;
  const chiSquare = bins.reduce((sum, seen) => sum + (seen - 5000) ** 2 / 5000, 0);
  // 99.9 % quantile of chi-square with 19 degrees of freedom.
  expect(chiSquare).toBeLessThan(43.82);
});

test('normal values have the moments and the distribution of a standard normal', () => {
  const random = stream(4, 'data');
  const values = draw(200_000, () => random.normal());
  expect(mean(values)).toBeCloseTo(0, 1.8);
  expect(mean(values.map((x) => x ** 2))).toBeCloseTo(1, 1.7);
  expect(mean(values.map((x) => x ** 4))).toBeCloseTo(3, 0.8);
  // Known values of the distribution function.
  for (const [x, probability] of [
    [-2, 0.022750131948],
    [-1, 0.158655253931],
    [0.5, 0.691462461274],
    [3, 0.998650101968],
  ] as const)
    expect(Math.abs(values.filter((value) => value < x).length / values.length - probability)).toBeLessThan(
      0.005,
    );
});

test('a permutation holds each number once, for any length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 300 }), (seed, n) => {
      const sorted = stream(seed, 'order').permutation(n).sort();
      expect([...sorted]).toEqual([...new Array(n).keys()]);
    }),
  );
});

test('every permutation of three is equally likely', () => {
  const random = stream(5, 'order');
  const seen = new Map<string, number>();
  for (let i = 0; i < 60_000; i++) {
    const key = random.permutation(3).join('');
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  expect(seen.size).toBe(6);
  for (const times of seen.values()) expect(Math.abs(times - 10_000)).toBeLessThan(500);
});

test('integers reach every value below a bound that is not a power of two', () => {
  const random = stream(6, 'order');
  expect(new Set(draw(200, () => random.int(7)))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  expect(draw(20, () => random.int(1))).toEqual(new Array(20).fill(0));
});
