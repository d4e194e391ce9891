/** Quantization to integer-valued floats, and its straight-through gradient. See ../quantize/index.ts. */
import { copyFloats, storeLane } from './lanes';

/** Four values at the channel whose inverse scale and zero point are given. NaN passes through every operation. */
@inline
function affine(x: v128, inverse: v128, zeroPoint: v128, qmin: v128, qmax: v128): v128 {
  const rounded = f32x4.add(f32x4.nearest(f32x4.mul(x, inverse)), zeroPoint);
  // The pseudo-minimum is one instruction, and keeps a NaN that comes first.
  return f32x4.sub(f32x4.pmin(f32x4.pmax(rounded, qmin), qmax), zeroPoint);
}

@inline
function sign(x: v128): v128 {
  const signs = v128.bitselect(f32x4.splat(1), f32x4.splat(-1), f32x4.ge(x, f32x4.splat(0)));
  return v128.bitselect(signs, x, f32x4.eq(x, x));
}

@inline
export function affineGradient(dq: v128, x: v128, inverse: v128, zeroPoint: v128, qmin: v128, qmax: v128): v128 {
  const rounded = f32x4.add(f32x4.nearest(f32x4.mul(x, inverse)), zeroPoint);
  const inside = v128.and(f32x4.ge(rounded, qmin), f32x4.le(rounded, qmax));
  return v128.and(f32x4.mul(dq, inverse), inside);
}

/** The same where one zero point serves all: whether x rounds to a level shows before it is rounded. */
@inline
export function gridGradient(dq: v128, x: v128, inverse: v128, least: v128, greatest: v128): v128 {
  const position = f32x4.mul(x, inverse);
  const inside = v128.and(f32x4.ge(position, least), f32x4.le(position, greatest));
  return v128.and(f32x4.mul(dq, inverse), inside);
}

/**
 * The least number that rounds to qmin or more once the zero point is added, both within 2^21. The greatest that rounds
 * to qmax or less is -leastInside(-qmax, -zeroPoint). NaN for a NaN.
 */
export function leastInside(qmin: f32, zeroPoint: f32): f32 {
  let level: f32 = ceil(qmin - zeroPoint);
  // Where the zero point is no whole number, the difference and the sums are rounded: by a level at most.
  if (level - 1 + zeroPoint >= qmin) level -= 1;
  else if (level + zeroPoint < qmin) level += 1;
  const tie: f32 = level - 0.5;
  // Ties go to the even neighbour.
  if (nearest(tie) == level) return tie;
  return reinterpret<f32>(reinterpret<i32>(tie) + (tie > 0 ? 1 : -1));
}

@inline
export function signGradient(dq: v128, x: v128, inverse: v128): v128 {
  return v128.and(f32x4.mul(dq, inverse), f32x4.le(f32x4.abs(x), f32x4.splat(1)));
}

/** Some rows, a constant number of them, with the parameters of their channels: they are read once for all. */
@inline
function affineRows(
  rows: i32, x: usize, q: usize, rowBytes: usize, inverses: usize, zeroPoints: usize, qmin: v128, qmax: v128,
): void {
  const second = rowBytes, third = 2 * rowBytes, fourth = 3 * rowBytes;
  let c: usize = 0;
  for (; c + 16 <= rowBytes; c += 16) {
    const inverse = v128.load(inverses + c), zeroPoint = v128.load(zeroPoints + c);
    const from = x + c, to = q + c;
    v128.store(to, affine(v128.load(from), inverse, zeroPoint, qmin, qmax));
    if (rows < 4) continue;
    v128.store(to + second, affine(v128.load(from + second), inverse, zeroPoint, qmin, qmax));
    v128.store(to + third, affine(v128.load(from + third), inverse, zeroPoint, qmin, qmax));
    v128.store(to + fourth, affine(v128.load(from + fourth), inverse, zeroPoint, qmin, qmax));
  }
  for (; c < rowBytes; c += 4) {
    const inverse = v128.load32_splat(inverses + c), zeroPoint = v128.load32_splat(zeroPoints + c);
    for (let i: usize = c; i < (rows as usize) * rowBytes; i += rowBytes)
      storeLane(q + i, affine(v128.load32_splat(x + i), inverse, zeroPoint, qmin, qmax));
  }
}

/**
 * q [n] from x [n]; params [4, channels], where channels divides n and is the length of the last axis, or 1.
 */
export function quantize(
  x: usize, params: usize, settings: usize, q: usize, n: i32, channels: i32,
): void {
  const bytes = (n as usize) << 2;
  const mode = load<f32>(settings, 8);
  if (mode == 0) {
    copyFloats(q, x, bytes);
    return;
  }
  if (mode == 2) {
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(q + i, sign(v128.load(x + i)));
    for (; i < bytes; i += 4) storeLane(q + i, sign(v128.load32_splat(x + i)));
    return;
  }
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const rowBytes = (channels as usize) << 2;
  const inverses = params + rowBytes;
  const zeroPoints = inverses + rowBytes;
  if (channels == 1) {
    const inverse = v128.load32_splat(inverses);
    const zeroPoint = v128.load32_splat(zeroPoints);
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16)
      v128.store(q + i, affine(v128.load(x + i), inverse, zeroPoint, qmin, qmax));
    for (; i < bytes; i += 4)
      storeLane(q + i, affine(v128.load32_splat(x + i), inverse, zeroPoint, qmin, qmax));
    return;
  }
  let row: usize = 0;
  for (; row + 4 * rowBytes <= bytes; row += 4 * rowBytes)
    affineRows(4, x + row, q + row, rowBytes, inverses, zeroPoints, qmin, qmax);
  for (; row < bytes; row += rowBytes)
    affineRows(1, x + row, q + row, rowBytes, inverses, zeroPoints, qmin, qmax);
}

/** dx [n] from dq [n] and x [n]. */
export function quantizeGradient(
  dq: usize, x: usize, params: usize, settings: usize, dx: usize, n: i32, channels: i32,
): void {
  const bytes = (n as usize) << 2;
  const mode = load<f32>(settings, 8);
  if (mode == 0) {
    copyFloats(dx, dq, bytes);
    return;
  }
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const rowBytes = (channels as usize) << 2;
  const inverses = params + rowBytes;
  const zeroPoints = inverses + rowBytes;
  if (channels == 1) {
    const inverse = v128.load32_splat(inverses);
    let i: usize = 0;
    if (mode == 2) {
      for (; i + 16 <= bytes; i += 16)
        v128.store(dx + i, signGradient(v128.load(dq + i), v128.load(x + i), inverse));
      for (; i < bytes; i += 4)
        storeLane(dx + i, signGradient(v128.load32_splat(dq + i), v128.load32_splat(x + i), inverse));
      return;
    }
    const zeroPoint = load<f32>(zeroPoints);
    const least = f32x4.splat(leastInside(load<f32>(settings), zeroPoint));
    const greatest = f32x4.splat(-leastInside(-load<f32>(settings, 4), -zeroPoint));
    for (; i + 16 <= bytes; i += 16)
      v128.store(dx + i, gridGradient(v128.load(dq + i), v128.load(x + i), inverse, least, greatest));
    for (; i < bytes; i += 4)
      storeLane(
        dx + i,
        gridGradient(v128.load32_splat(dq + i), v128.load32_splat(x + i), inverse, least, greatest),
      );
    return;
  }
  for (let row: usize = 0; row < bytes; row += rowBytes) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const upstream = v128.load(dq + row + c);
      const value = v128.load(x + row + c);
      const inverse = v128.load(inverses + c);
      v128.store(
        dx + row + c,
        mode == 2
          ? signGradient(upstream, value, inverse)
          : affineGradient(upstream, value, inverse, v128.load(zeroPoints + c), qmin, qmax),
      );
    }
    for (; c < rowBytes; c += 4) {
      const upstream = v128.load32_splat(dq + row + c);
      const value = v128.load32_splat(x + row + c);
      const inverse = v128.load32_splat(inverses + c);
      storeLane(
        dx + row + c,
        mode == 2
          ? signGradient(upstream, value, inverse)
          : affineGradient(upstream, value, inverse, v128.load32_splat(zeroPoints + c), qmin, qmax),
      );
    }
  }
}
