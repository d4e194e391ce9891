/** Rounding to small float formats, alone and in blocks. See ../quantizeFloat/index.ts and ../quantizeMx/index.ts. */
import { copyFloats, storeLane } from './lanes';

/**
 * Four magnitudes, not yet saturated, rounded by adding and subtracting a number so large that the sum has no more than
 * mantissaBits bits behind the leading one: of exponent e + 23 - mantissaBits, where e is the value's exponent or, for
 * subnormals, minExponent (here as the bits of 2^minExponent). Values beyond `limit`, twice the largest, are taken for it,
 * so that the number is finite. NaN passes through.
 */
@inline
function roundMagnitudes(magnitudes: v128, raised: v128, least: v128, limit: v128): v128 {
  const bounded = f32x4.pmin(magnitudes, limit);
  const powers = i32x4.max_u(v128.and(bounded, i32x4.splat(0x7f800000)), least);
  const shift = i32x4.add(powers, raised);
  return f32x4.sub(f32x4.add(bounded, shift), shift);
}

@inline
function raisedBy(mantissaBits: i32): v128 {
  return i32x4.splat((23 - mantissaBits) << 23);
}

@inline
function leastPower(minExponent: i32): v128 {
  return i32x4.splat((minExponent + 127) << 23);
}

/** Four values times their inverse scales, rounded, saturated; the sign is kept, also that of zero. */
@inline
function rounded(x: v128, inverse: v128, raised: v128, least: v128, max: v128, limit: v128): v128 {
  const scaled = f32x4.mul(x, inverse);
  const magnitudes = f32x4.min(roundMagnitudes(f32x4.abs(scaled), raised, least, limit), max);
  return v128.or(magnitudes, v128.and(scaled, i32x4.splat(0x80000000)));
}

@inline
function straightThrough(
  dq: v128, x: v128, inverse: v128, raised: v128, least: v128, max: v128, limit: v128,
): v128 {
  const magnitudes = roundMagnitudes(f32x4.abs(f32x4.mul(x, inverse)), raised, least, limit);
  return v128.and(f32x4.mul(dq, inverse), f32x4.le(magnitudes, max));
}

/** q [n] from x [n]; params [4, channels], where channels divides n and is the length of the last axis, or 1. */
export function quantizeFloat(
  x: usize, params: usize, settings: usize, q: usize, n: i32, channels: i32,
  mantissaBits: i32, minExponent: i32, largestValue: i32,
): void {
  const largest = largestValue as f32;
  const bytes = (n as usize) << 2;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(q, x, bytes);
    return;
  }
  const raised = raisedBy(mantissaBits);
  const least = leastPower(minExponent);
  const max = f32x4.splat(largest);
  const limit = f32x4.splat(2 * largest);
  const rowBytes = (channels as usize) << 2;
  const inverses = params + rowBytes;
  if (channels == 1) {
    const inverse = v128.load32_splat(inverses);
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16)
      v128.store(q + i, rounded(v128.load(x + i), inverse, raised, least, max, limit));
    for (; i < bytes; i += 4)
      storeLane(q + i, rounded(v128.load32_splat(x + i), inverse, raised, least, max, limit));
    return;
  }
  for (let row: usize = 0; row < bytes; row += rowBytes) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16)
      v128.store(
        q + row + c,
        rounded(v128.load(x + row + c), v128.load(inverses + c), raised, least, max, limit),
      );
    for (; c < rowBytes; c += 4)
      storeLane(
        q + row + c,
        rounded(v128.load32_splat(x + row + c), v128.load32_splat(inverses + c), raised, least, max, limit),
      );
  }
}

/** dx [n] from dq [n] and x [n]. */
export function quantizeFloatGradient(
  dq: usize, x: usize, params: usize, settings: usize, dx: usize, n: i32, channels: i32,
  mantissaBits: i32, minExponent: i32, largestValue: i32,
): void {
  const largest = largestValue as f32;
  const bytes = (n as usize) << 2;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(dx, dq, bytes);
    return;
  }
  const raised = raisedBy(mantissaBits);
  const least = leastPower(minExponent);
  const max = f32x4.splat(largest);
  const limit = f32x4.splat(2 * largest);
  const rowBytes = (channels as usize) << 2;
  const inverses = params + rowBytes;
  if (channels == 1) {
    const inverse = v128.load32_splat(inverses);
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16)
      v128.store(
        dx + i,
        straightThrough(v128.load(dq + i), v128.load(x + i), inverse, raised, least, max, limit),
      );
    for (; i < bytes; i += 4)
      storeLane(
        dx + i,
        straightThrough(
          v128.load32_splat(dq + i), v128.load32_splat(x + i), inverse, raised, least, max, limit,
        ),
      );
    return;
  }
  for (let row: usize = 0; row < bytes; row += rowBytes) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16)
      v128.store(
        dx + row + c,
        straightThrough(
          v128.load(dq + row + c), v128.load(x + row + c), v128.load(inverses + c), raised, least, max, limit,
        ),
      );
    for (; c < rowBytes; c += 4)
      storeLane(
        dx + row + c,
        straightThrough(
          v128.load32_splat(dq + row + c),
          v128.load32_splat(x + row + c),
          v128.load32_splat(inverses + c),
          raised, least, max, limit,
        ),
      );
  }
}

/** 2^exponent, from 2^-149 to 2^127. */
@inline
function powerOfTwo(exponent: i32): f32 {
  return reinterpret<f32>(exponent < -126 ? 1 << (exponent + 149) : (exponent + 127) << 23);
}

/**
 * The exponent that `rows` values of a block share, `rowBytes` apart, at least -127; 128 where one of them is NaN or
 * infinite.
 */
function sharedExponent(x: usize, rows: i32, rowBytes: usize, maxExponent: i32): i32 {
  let greatest: u32 = 0;
  for (let row = 0; row < rows; row++) {
    greatest = max(greatest, load<u32>(x) & 0x7fffffff);
    x += rowBytes;
  }
  if (greatest >= 0x7f800000) return 128;
  return max<i32>((greatest >> 23) as i32 - 127 - maxExponent, -127);
}

/** q from x, both [outer, length, channels]. */
export function quantizeMx(
  x: usize, settings: usize, q: usize, outer: i32, length: i32, channels: i32, blockSize: i32,
  maxExponent: i32, mantissaBits: i32, minExponent: i32, largestValue: i32,
): void {
  const largest = largestValue as f32;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(q, x, ((outer * length * channels) as usize) << 2);
    return;
  }
  const raised = raisedBy(mantissaBits);
  const least = leastPower(minExponent);
  const max = f32x4.splat(largest);
  const limit = f32x4.splat(2 * largest);
  const rowBytes = (channels as usize) << 2;
  for (let o = 0; o < outer; o++) {
    for (let start = 0; start < length; start += blockSize) {
      const rows = min(blockSize, length - start);
      const block = ((o * length + start) as usize) * rowBytes;
      for (let c: usize = 0; c < rowBytes; c += 4) {
        const from = x + block + c;
        const to = q + block + c;
        const shift = sharedExponent(from, rows, rowBytes, maxExponent);
        const inverse = f32x4.splat(shift == 128 ? NaN : powerOfTwo(-shift));
        const scale = f32x4.splat(shift == 128 ? NaN : powerOfTwo(shift));
        for (let row: usize = 0; row < (rows as usize) * rowBytes; row += rowBytes) {
          const value = rounded(v128.load32_splat(from + row), inverse, raised, least, max, limit);
          storeLane(to + row, f32x4.mul(value, scale));
        }
      }
    }
  }
}

/** dx from dq and x, all [outer, length, channels]. */
export function quantizeMxGradient(
  dq: usize, x: usize, settings: usize, dx: usize, outer: i32, length: i32, channels: i32, blockSize: i32,
  maxExponent: i32, mantissaBits: i32, minExponent: i32, largestValue: i32,
): void {
  const largest = largestValue as f32;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(dx, dq, ((outer * length * channels) as usize) << 2);
    return;
  }
  const raised = raisedBy(mantissaBits);
  const least = leastPower(minExponent);
  const limit = f32x4.splat(2 * largest);
  const rowBytes = (channels as usize) << 2;
  for (let o = 0; o < outer; o++) {
    for (let start = 0; start < length; start += blockSize) {
      const rows = min(blockSize, length - start);
      const block = ((o * length + start) as usize) * rowBytes;
      for (let c: usize = 0; c < rowBytes; c += 4) {
        const from = block + c;
        const shift = sharedExponent(x + from, rows, rowBytes, maxExponent);
        const inverse = f32x4.splat(shift == 128 ? NaN : powerOfTwo(-shift));
        for (let row: usize = from; row < from + (rows as usize) * rowBytes; row += rowBytes) {
          const scaled = f32x4.mul(v128.load32_splat(x + row), inverse);
          const magnitudes = roundMagnitudes(f32x4.abs(scaled), raised, least, limit);
          const passes = f32x4.extract_lane(magnitudes, 0) <= largest;
          store<f32>(dx + row, passes ? load<f32>(dq + row) : 0);
        }
      }
    }
  }
}

/** Row "quantized" of params [4, channels] becomes 0. */
export function clearQuantized(params: usize, channels: i32): void {
  const rowBytes = (channels as usize) << 2;
  memory.fill(params + 3 * rowBytes, 0, rowBytes);
}

/** params [4, channels] = 1, 1, 0, 0. */
export function unitParams(params: usize, channels: i32): void {
  const rowBytes = (channels as usize) << 2;
  memory.fill(params, 0, rowBytes << 2);
  for (let c: usize = 0; c < 2 * rowBytes; c += 4) store<f32>(params + c, 1);
}

/** params [4, 1] from an observer's state [4]. */
export function floatActivationParams(state: usize, settings: usize, params: usize): void {
  unitParams(params, 1);
  if (load<f32>(settings, 8) == 0) return;
  const initialised = load<f32>(state, 8) != 0;
  const greatest: f32 = initialised ? max(abs(load<f32>(state)), abs(load<f32>(state, 4))) : 1;
  const scale = greatest / load<f32>(settings, 4);
  const stored: f32 = isFinite(scale) ? max<f32>(scale, 5.9604644775390625e-8) : NaN; // 2^-24
  store<f32>(params, stored);
  store<f32>(params, <f32>1 / stored, 4);
}
