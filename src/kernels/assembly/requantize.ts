/** Requantization of sums by fixed-point multipliers, with 64-bit products. See ../requantize/index.ts. */

const LARGEST: f32 = 2147483520;

/** floor(log2(x)) of a float32 >= 0; -127 for 0 and subnormal numbers. */
@inline
function exponentOf(x: f32): i32 {
  return ((reinterpret<i32>(x) >>> 23) & 255) - 127;
}

/** factors [4, channels]: multiplier, multiplier of the second operand, shift, bias */
export function requantizeFactors(
  inputParams: usize, weightParams: usize, bias: usize, moreParams: usize, outParams: usize, factors: usize,
  channels: i32, moreChannels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const outScale = load<f32>(outParams);
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const scale = load<f32>(inputParams) * load<f32>(weightParams + c);
    const own = scale / outScale;
    const other = load<f32>(moreParams + (moreChannels > 1 ? c : 0)) / outScale;
    const shift = min(max(30 - exponentOf(max(own, other)), 1), 62);
    const power = reinterpret<f32>((shift + 127) << 23);
    store<f32>(factors + c, min(nearest(own * power), LARGEST));
    store<f32>(factors + rowBytes + c, min(nearest(other * power), LARGEST));
    store<f32>(factors + 2 * rowBytes + c, shift as f32);
    store<f32>(factors + 3 * rowBytes + c, nearest(load<f32>(bias + c) / scale));
  }
}

/** Rows that are gone through with the factors of four channels at hand; they stay in the first cache. */
const ROWS_AT_ONCE: i32 = 16;

/** One value of `requantize`, with products of 64 bits. */
function requantizeOne(
  sums: usize, integers: bool, added: f32, factors: usize, rowBytes: usize, low: f64, high: f64, y: usize,
): void {
  const multiplier = load<f32>(factors);
  const other = load<f32>(factors + rowBytes);
  const shift = load<f32>(factors + 2 * rowBytes) as i64;
  const bias = load<f32>(factors + 3 * rowBytes);
  const trouble = multiplier + other + bias + added + (integers ? 0 : load<f32>(sums));
  if (trouble != trouble) {
    store<f32>(y, NaN);
    return;
  }
  const sum: i64 = integers ? (load<i32>(sums) as i64) : (load<f32>(sums) as i64);
  const v = (sum + (bias as i64)) * (multiplier as i64) + (added as i64) * (other as i64);
  const rounded = (v + ((1 as i64) << (shift - 1)) - 1 + ((v >> shift) & 1)) >> shift;
  store<f32>(y, min(max(rounded, low as i64), high as i64) as f32);
}

/** The first or the last two of four values, as float64. */
@inline
function two(values: v128, integers: bool, last: bool): v128 {
  const half = last ? v128.shuffle<i32>(values, values, 2, 3, 2, 3) : values;
  return integers ? f64x2.convert_low_i32x4_s(half) : f64x2.promote_low_f32x4(half);
}

/** Rounded half to even and clamped, +0 for -0: float32 in the first two lanes. */
@inline
function clamped(values: v128, low: f64, high: f64): v128 {
  const rounded = f64x2.add(f64x2.nearest(values), f64x2.splat(0));
  return f32x4.demote_f64x2_zero(f64x2.min(f64x2.max(rounded, f64x2.splat(low)), f64x2.splat(high)));
}

/**
 * `requantize` of rows of `channels` values. Factors have 24 bits, so that the product with a sum below 2^29 is exact in
 * float64, and so is a sum of products below 2^53; the few others, and NaN, go one by one.
 * @param several whether there is a second operand @param one whether all channels have the same factors
 */
@inline
function requantizeRows(
  sums: usize, integers: bool, more: usize, several: bool, factors: usize, one: bool, low: f64, high: f64, y: usize,
  rows: i32, channels: i32,
): void {
  const bytes = (channels as usize) << 2;
  const factorBytes: usize = one ? 4 : bytes;
  const whole = bytes & ~15;
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    const begin = (first as usize) * bytes;
    const end = (min(first + ROWS_AT_ONCE, rows) as usize) * bytes;
    for (let c: usize = 0; c < whole; c += 16) {
      const at = one ? factors : factors + c;
      const multiplier = one ? v128.load32_splat(at) : v128.load(at);
      const other = one ? v128.load32_splat(at + factorBytes) : v128.load(at + factorBytes);
      const shift = one ? v128.load32_splat(at + 2 * factorBytes) : v128.load(at + 2 * factorBytes);
      let bias = one ? v128.load32_splat(at + 3 * factorBytes) : v128.load(at + 3 * factorBytes);
      // Without a second operand its factor shows in the result only where it is NaN.
      bias = f32x4.add(bias, f32x4.mul(other, f32x4.splat(0)));
      const power = i32x4.shl(i32x4.sub(i32x4.splat(127), i32x4.trunc_sat_f32x4_s(shift)), 23);
      const own = f32x4.mul(multiplier, power);
      const m0 = two(own, false, false);
      const m1 = two(own, false, true);
      const b0 = two(bias, false, false);
      const b1 = two(bias, false, true);
      const others = f32x4.mul(other, power);
      const n0 = two(others, false, false);
      const n1 = two(others, false, true);
      const most = f32x4.mul(power, f32x4.splat(9007199254740992));
      const most0 = several ? two(most, false, false) : f64x2.splat(536870912);
      const most1 = several ? two(most, false, true) : most0;
      for (let row = begin; row < end; row += bytes) {
        const i = row + c;
        const sum = v128.load(sums + i);
        let q0 = f64x2.add(two(sum, integers, false), b0);
        let q1 = f64x2.add(two(sum, integers, true), b1);
        let size0 = f64x2.abs(q0);
        let size1 = f64x2.abs(q1);
        q0 = f64x2.mul(q0, m0);
        q1 = f64x2.mul(q1, m1);
        if (several) {
          const added = v128.load(more + i);
          const w0 = f64x2.mul(two(added, false, false), n0);
          const w1 = f64x2.mul(two(added, false, true), n1);
          size0 = f64x2.add(f64x2.abs(q0), f64x2.abs(w0));
          size1 = f64x2.add(f64x2.abs(q1), f64x2.abs(w1));
          q0 = f64x2.add(q0, w0);
          q1 = f64x2.add(q1, w1);
        }
        if (i64x2.all_true(v128.and(f64x2.lt(size0, most0), f64x2.lt(size1, most1))))
          v128.store(y + i, v128.shuffle<i32>(clamped(q0, low, high), clamped(q1, low, high), 0, 1, 4, 5));
        else
          for (let k: usize = 0; k < 16; k += 4)
            requantizeOne(
              sums + i + k, integers, several ? load<f32>(more + i + k) : (0 as f32), one ? at : at + k, factorBytes,
              low, high, y + i + k,
            );
      }
    }
    for (let row = begin; row < end; row += bytes)
      for (let c = whole; c < bytes; c += 4)
        requantizeOne(
          sums + row + c, integers, several ? load<f32>(more + row + c) : load<f32>(more), one ? factors : factors + c,
          factorBytes, low, high, y + row + c,
        );
  }
}

/** y [n] from sums [n], float32 or int32, and a second operand of n values, or of one, which is 0. */
export function requantize(
  sums: usize, integers: i32, more: usize, several: i32, factors: usize, outParams: usize, settings: usize, y: usize,
  n: i32, channels: i32,
): void {
  const zeroPoint = load<f32>(outParams, 8);
  const low = nearest(load<f32>(settings) - zeroPoint) as f64;
  const high = nearest(load<f32>(settings, 4) - zeroPoint) as f64;
  // One factor for all, so that the whole is one row.
  const one = channels == 1;
  const rows = one ? 1 : n / channels;
  const width = one ? n : channels;
  if (integers)
    if (several)
      if (one) requantizeRows(sums, true, more, true, factors, true, low, high, y, rows, width);
      else requantizeRows(sums, true, more, true, factors, false, low, high, y, rows, width);
    else if (one) requantizeRows(sums, true, more, false, factors, true, low, high, y, rows, width);
    else requantizeRows(sums, true, more, false, factors, false, low, high, y, rows, width);
  else if (several)
    if (one) requantizeRows(sums, false, more, true, factors, true, low, high, y, rows, width);
    else requantizeRows(sums, false, more, true, factors, false, low, high, y, rows, width);
  else if (one) requantizeRows(sums, false, more, false, factors, true, low, high, y, rows, width);
  else requantizeRows(sums, false, more, false, factors, false, low, high, y, rows, width);
}
