/** quantizeFloat and its gradient in JavaScript: rounding by integer operations on the bits of a float32. */
import { type FloatFormat, minExponent } from '@/catalog/formats';
import { floats, result } from '../cpu';
import type { Implementation } from '../definition';

const infinityBits = 0x7f800000;

const word = new Uint32Array(1);
const wordAsFloat = new Float32Array(word.buffer);

/** The bits of a float32. */
export function bitsOf(value: number): number {
  wordAsFloat[0] = value;
  return word[0]!;
}

/** The float32 of these bits. */
export function floatOf(bits: number): number {
  word[0] = bits;
  return wordAsFloat[0]!;
}

/**
 * Rounds a magnitude to `mantissaBits` bits behind the leading one, or to multiples of 2^(least - mantissaBits) below
 * 2^least, half to even. There is no largest value here.
 * @param magnitude bits of a non-negative float32, not NaN; infinity gives infinity or more
 * @returns bits of a float32
 */
export function roundMagnitude(magnitude: number, mantissaBits: number, least: number): number {
  const stored = Math.max(magnitude >>> 23, 1);
  const base = (stored - 1) << 23;
  // With the leading one, in units of 2^(stored - 150).
  const significand = magnitude - base;
  const leading = stored - 150 + 31 - Math.clz32(significand);
  const dropped = Math.max(leading, least) - mantissaBits - (stored - 150);
  if (dropped <= 0) return magnitude;
  if (dropped > 24) return 0;
  const half = 2 ** (dropped - 1);
  const isOdd = Math.floor(significand / 2 ** dropped) % 2;
  const steps = Math.floor((significand + half - 1 + isOdd) / 2 ** dropped);
  return steps === 0 ? 0 : base + steps * 2 ** dropped;
}

type Rounded = { bits: number; saturated: boolean };

/** A value's bits rounded to the format times 2^shift, its sign kept. Not for NaN. */
export function roundBits(value: number, format: FloatFormat, shift = 0): Rounded {
  const bits = bitsOf(value);
  const rounded = roundMagnitude(bits & 0x7fffffff, format.mantissaBits, minExponent(format) + shift);
  const largest = bitsOf(format.max) + shift * 2 ** 23;
  return { bits: ((bits >>> 31) * 2 ** 31 + Math.min(rounded, largest)) >>> 0, saturated: rounded > largest };
}

/** Whether these are the bits of NaN or an infinity, the sign aside. */
export const isSpecial = (magnitude: number): boolean => magnitude >= infinityBits;

export const quantizeFloatCpu =
  (format: FloatFormat): Implementation<'x' | 'params' | 'settings'> =>
  ({ inputs, backend }) => {
    const params = floats(backend, inputs.params);
    const [, , mode = 0] = floats(backend, inputs.settings);
    const channels = inputs.params.shape[1]!;
    const q = floats(backend, inputs.x).map((value, i) => {
      if (mode === 0) return value;
      const scaled = Math.fround(value * params[channels + (i % channels)]!);
      return Number.isNaN(scaled) ? scaled : floatOf(roundBits(scaled, format).bits);
    });
    return result(backend, inputs.x.shape, q);
  };

export const quantizeFloatGradientCpu =
  (format: FloatFormat): Implementation<'dq' | 'x' | 'params' | 'settings'> =>
  ({ inputs, backend }) => {
    const x = floats(backend, inputs.x);
    const params = floats(backend, inputs.params);
    const [, , mode = 0] = floats(backend, inputs.settings);
    const channels = inputs.params.shape[1]!;
    const dx = floats(backend, inputs.dq).map((dq, i) => {
      if (mode === 0) return dq;
      const inverse = params[channels + (i % channels)]!;
      const scaled = Math.fround(x[i]! * inverse);
      return Number.isNaN(scaled) || roundBits(scaled, format).saturated ? 0 : dq * inverse;
    });
    return result(backend, inputs.x.shape, dx);
  };
