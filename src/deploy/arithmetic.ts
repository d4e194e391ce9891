/**
 * Fixed-point arithmetic of the integer engine, exact without BigInt: products of int32 by 31-bit multipliers are 63 bits
 * wide, and are held as two halves where they do not fit a double.
 *
 * The one declared requantization: round(v * m / 2^s) with a single rounding, half to even, as ONNX's QuantizeLinear rounds.
 * (gemmlowp rounds twice, which differs now and then.)
 */
import { codeHalf, curveBits } from '@/quant/fixedPoint';
import type { Grid, Rescale, StepTable } from './program';

const two32 = 2 ** 32;
const two16 = 2 ** 16;
/** The largest float32 below 2^31. */
const largestMultiplier = 2 ** 31 - 2 ** 7;
/** So that at most 62 bits are shifted out. */
const largestShift = 62;
/** 2^-shift: a table is many times faster than the power. */
const inverses = Float64Array.from({ length: largestShift + 1 }, (_, shift) => 2 ** -shift);
/** A double plus this, minus it again, is rounded to the nearest integer, half to even; for magnitudes below 2^51. */
const rounder = 1.5 * 2 ** 52;

/** The nearest integer, half to even. */
export function nearestEven(x: number): number {
  return Math.abs(x) < 2 ** 51 ? x + rounder - rounder : x;
}

/** floor(log2 |x|) of a float32; -127 for 0 and subnormal numbers. */
function exponentOf(x: number): number {
  const bits = new Int32Array(Float32Array.of(x).buffer)[0]!;
  return ((bits >>> 23) & 255) - 127;
}

/**
 * Factors of one sum as integers over one power of two: the largest gets 31 significant bits, as long as the shift stays
 * within 1 to 62. Factors are float32, so that only one that is over 2^7 times smaller than the largest loses bits.
 * @param factors float32, none negative
 */
export function fixedPoint(factors: readonly number[]): { multipliers: number[]; shift: number } {
  const shift = Math.min(Math.max(30 - exponentOf(Math.max(...factors)), 1), largestShift);
  return {
    multipliers: factors.map((factor) => Math.min(nearestEven(factor * 2 ** shift), largestMultiplier)),
    shift,
  };
}

const { fround } = Math;

/**
 * The factor that takes integers of scale `from` (times `weight`) to scale `to`, rounded to float32 after each operation:
 * what ONNX Runtime multiplies by.
 */
export const factorOf = (from: number, weight: number, to: number): number =>
  fround(fround(fround(from) * fround(weight)) / fround(to));

/** A bias as an integer of the accumulator's scale, fl(from * weight). */
export function integerBias(bias: number, from: number, weight: number): number {
  const steps = nearestEven(fround(bias / fround(fround(from) * fround(weight))));
  return Math.min(Math.max(steps, -(2 ** 31)), 2 ** 31 - 1);
}

/**
 * Rescaling of operands to a grid.
 * @param factors for each operand the float32 factors, one or one for each channel
 * @param relu whether what is below 0 becomes 0
 */
export function rescaleTo(grid: Grid, factors: readonly (readonly number[])[], relu: boolean): Rescale {
  const channels = Math.max(...factors.map((each) => each.length));
  const columns = Array.from({ length: channels }, (_, c) =>
    fixedPoint(factors.map((each) => each[each.length === 1 ? 0 : c]!)),
  );
  return {
    multipliers: factors.map((_, i) => Int32Array.from(columns, ({ multipliers }) => multipliers[i]!)),
    shifts: Int32Array.from(columns, ({ shift }) => shift),
    zeroPoint: grid.zeroPoint,
    low: relu ? Math.max(grid.qmin, grid.zeroPoint) : grid.qmin,
    high: grid.qmax,
  };
}

/** round((high * 2^32 + low) / 2^shift), half to even. @param low 0 to 2^32 - 1 @param shift 1 to 62 */
function shiftRounded(high: number, low: number, shift: number): number {
  if (shift <= 32) {
    const unit = 2 ** shift;
    const rest = low % unit;
    const below = high * (two32 / unit) + (low - rest) / unit;
    return below + roundsUp(rest - unit / 2, 0, below);
  }
  const unit = 2 ** (shift - 32);
  const below = Math.floor(high / unit);
  return below + roundsUp(high - below * unit - unit / 2, low, below);
}

/** 1 where a remainder is beyond the half, or the half of an odd number. @param beyond, more: the remainder less the half, in two parts */
const roundsUp = (beyond: number, more: number, below: number): number =>
  beyond > 0 || (beyond === 0 && (more > 0 || Math.abs(below % 2) === 1)) ? 1 : 0;

/**
 * round(v * multiplier / 2^shift), half to even, exact for every int32 v.
 * @param multiplier 0 to 2^31 - 1 @param shift 1 to 62
 */
export function multiplyShift(v: number, multiplier: number, shift: number): number {
  const product = v * multiplier;
  if (Math.abs(product) < 2 ** 51) return product * inverses[shift]! + rounder - rounder;
  return addShift(v, multiplier, 0, 0, shift);
}

/** round((v * m + w * n) / 2^shift), half to even, exact for int32 v and w whose products have a sum below 2^63. */
export function addShift(v: number, m: number, w: number, n: number, shift: number): number {
  const sum = v * m + w * n;
  if (Math.abs(v * m) + Math.abs(w * n) < 2 ** 51) return sum * inverses[shift]! + rounder - rounder;
  // Both products as high * 2^16 + low, with multipliers split so that each part is exact.
  const highs = v * Math.floor(m / two16) + w * Math.floor(n / two16);
  const lows = v * (m % two16) + w * (n % two16);
  const carried = Math.floor(highs / two16);
  const rest = (highs - carried * two16) * two16 + lows;
  const carry = Math.floor(rest / two32);
  return shiftRounded(carried + carry, rest - carry * two32, shift);
}

/** q of one sum of channel c: see Rescale. @param w of the second operand, where there is one */
export function rescale(by: Rescale, c: number, v: number, w = 0): number {
  const m = by.multipliers[0]!;
  const n = by.multipliers[1];
  const at = by.shifts.length === 1 ? 0 : c;
  const rounded =
    n === undefined
      ? multiplyShift(v, m[at]!, by.shifts[at]!)
      : addShift(v, m[at]!, w, n[at]!, by.shifts[at]!);
  const q = Math.min(Math.max(rounded + by.zeroPoint, by.low), by.high);
  return by.table ? stepOf(by.table, q) : q;
}

/** The value of a table at a code, by bisection. */
export function stepOf({ starts, values }: StepTable, code: number): number {
  let from = 0;
  for (let to = starts.length; to - from > 1; ) {
    const middle = (from + to) >> 1;
    if (starts[middle]! <= code) from = middle;
    else to = middle;
  }
  return values[from]!;
}

/** A curve at a code: on the line between two of its points, 2^curveBits codes apart, rounded half to even. */
export function onCurve(points: Int16Array, code: number): number {
  const at = (code + codeHalf) >> curveBits;
  const rest = (code + codeHalf) & (2 ** curveBits - 1);
  return points[at]! + nearestEven(((points[at + 1]! - points[at]!) * rest) / 2 ** curveBits);
}

/** The q of a number on a grid: clamp(rint(x * fl(1 / scale)) + zeroPoint), as the trained network rounds. */
export function quantizeTo({ scale, zeroPoint, qmin, qmax }: Grid, x: number): number {
  return Math.min(Math.max(nearestEven(fround(x * fround(1 / scale))) + zeroPoint, qmin), qmax);
}

/** The same of numbers that are rounded to float32 first. */
export function quantizeAll(grid: Grid, numbers: ArrayLike<number>): Int32Array {
  const { zeroPoint, qmin, qmax } = grid;
  const inverse = fround(1 / grid.scale);
  const q = new Int32Array(numbers.length);
  // A loop: `from` with a function takes longer than a network.
  for (let i = 0; i < q.length; i++)
    q[i] = Math.min(Math.max(nearestEven(fround(fround(numbers[i]!) * inverse)) + zeroPoint, qmin), qmax);
  return q;
}
