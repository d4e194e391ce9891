/** Random arrays and comparisons for kernel tests. */
import { expect } from 'vitest';

/** A seeded stream of uniform numbers in [0, 1): mulberry32. */
export function randomStream(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `size` float32 numbers, uniform in [low, high). */
export function randomFloats(size: number, seed: number, low = -1, high = 1): Float32Array {
  const next = randomStream(seed);
  return Float32Array.from({ length: size }, () => low + (high - low) * next());
}

/** `size` integers, uniform in [low, high], as float32. */
export function randomIntegers(size: number, seed: number, low: number, high: number): Float32Array {
  const next = randomStream(seed);
  return Float32Array.from({ length: size }, () => low + Math.floor((high - low + 1) * next()));
}

/**
 * Expects equal lengths and |actual - expected| <= tolerance * max(1, max |expected|) everywhere: relative to the
 * largest value, since that is what the rounding of a sum is relative to. NaN matches only NaN, infinities themselves.
 */
export function expectCloseArrays(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
): void {
  expect(actual.length).toBe(expected.length);
  const values = Array.from(expected);
  const largest = values.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
  const wrong = values.findIndex((value, i) => {
    const got = actual[i]!;
    return Number.isFinite(value) ? !(Math.abs(got - value) <= tolerance * largest) : !Object.is(got, value);
  });
  expect(
    wrong,
    `value ${wrong} is ${actual[wrong]}, not ${values[wrong]} (tolerance ${tolerance * largest})`,
  ).toBe(-1);
}
