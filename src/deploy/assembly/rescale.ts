/**
 * What takes sums to another grid: products of 63 bits, rounded once, half to even. Four sums at once as products of doubles
 * where these are exact, since a multiplier made of a float32 has 24 bits; else one after the other in 64-bit integers.
 */

/** Rescale of ../program.ts, as ../vectors writes it. */
@unmanaged
export class Rescale {
  /** i32 for each channel, or one. */
  multipliers: usize;
  /** Those of a second operand. */
  others: usize;
  shifts: usize;
  /** Bytes from one channel's to the next one's: 4, or 0 where one stands for all. */
  step: usize;
  zeroPoint: i32;
  low: i32;
  high: i32;
  /** u8: the function's q at each code from -2^15 on. 0: none */
  table: usize;
  /** f64, multiplier / 2^shift, of both operands: as many as channels, or four equal ones. */
  factors: usize;
  otherFactors: usize;
  /** Products of v are exact where no bit of `beyond` is in v + `limit`. */
  limit: i32;
  beyond: i32;
  /** Bounds of q - zero point. */
  least: f64;
  most: f64;
}

/** Added to a double below 2^51, leaves it rounded half to even in the low bits, as an integer. */
const rounder: f64 = 6755399441055744;

/** The low 32 bits of four doubles. */
@inline
function lowWords(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

/** i32 below 2^31 in size, of four whole doubles. */
@inline
export function integersOf(low: v128, high: v128): v128 {
  const to = f64x2.splat(rounder);
  return lowWords(f64x2.add(low, to), f64x2.add(high, to));
}

/** The upper two integers in place of the lower ones. */
@inline
export function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** Four products, rounded between bounds. */
@inline
function between(low: v128, high: v128, least: v128, most: v128): v128 {
  return integersOf(f64x2.pmax(f64x2.pmin(low, most), least), f64x2.pmax(f64x2.pmin(high, most), least));
}

/** Four products, as q before the function. */
@inline
function onGrid(by: Rescale, low: v128, high: v128): v128 {
  return i32x4.add(between(low, high, f64x2.splat(by.least), f64x2.splat(by.most)), i32x4.splat(by.zeroPoint));
}

@inline
function areWithin(v: v128, limit: v128, beyond: v128): bool {
  return !v128.any_true(v128.and(i32x4.add(v, limit), beyond));
}

@inline
function isExact(by: Rescale, v: v128): bool {
  return areWithin(v, i32x4.splat(by.limit), i32x4.splat(by.beyond));
}

/** Four integers made of four. */
@inline
export function fourOf(a: i32, b: i32, c: i32, d: i32): v128 {
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(a), 1, b), 2, c), 3, d);
}

/** The function's q at four codes, where there is one. */
@inline
function atCodes(by: Rescale, q: v128): v128 {
  if (!by.table) return q;
  const at = by.table + 0x8000;
  return fourOf(
    load<u8>(at + i32x4.extract_lane(q, 0)),
    load<u8>(at + i32x4.extract_lane(q, 1)),
    load<u8>(at + i32x4.extract_lane(q, 2)),
    load<u8>(at + i32x4.extract_lane(q, 3)),
  );
}

/** q of a product, before the function. @param at where the channel's shift is, from the first */
@inline
function rounded(by: Rescale, at: usize, product: i64): i32 {
  const shift = <i64>load<i32>(by.shifts + at);
  const below = product >> shift;
  const rest = product - (below << shift);
  const up = rest + (below & 1) > (<i64>1 << (shift - 1));
  return <i32>max<i64>(min<i64>(below + <i64>up + by.zeroPoint, by.high), by.low);
}

@inline
function roundedOne(by: Rescale, at: usize, v: i32): i32 {
  return rounded(by, at, <i64>v * load<i32>(by.multipliers + at));
}

@inline
function roundedTwo(by: Rescale, at: usize, a: i32, b: i32): i32 {
  return rounded(by, at, <i64>a * load<i32>(by.multipliers + at) + <i64>b * load<i32>(by.others + at));
}

function slowlyOne(by: Rescale, at: usize, v: v128): v128 {
  const step = by.step;
  return fourOf(
    roundedOne(by, at, i32x4.extract_lane(v, 0)),
    roundedOne(by, at + step, i32x4.extract_lane(v, 1)),
    roundedOne(by, at + 2 * step, i32x4.extract_lane(v, 2)),
    roundedOne(by, at + 3 * step, i32x4.extract_lane(v, 3)),
  );
}

function slowlyTwo(by: Rescale, at: usize, a: v128, b: v128): v128 {
  const step = by.step;
  return fourOf(
    roundedTwo(by, at, i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)),
    roundedTwo(by, at + step, i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)),
    roundedTwo(by, at + 2 * step, i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)),
    roundedTwo(by, at + 3 * step, i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)),
  );
}

/** q of four sums of neighbouring channels. @param at where the first one's shift is, from that of channel 0 */
@inline
export function toGrid(by: Rescale, v: v128, at: usize = 0): v128 {
  let q: v128;
  if (isExact(by, v)) {
    const factors = by.factors + 2 * at;
    const low = f64x2.mul(f64x2.convert_low_i32x4_s(v), v128.load(factors));
    const high = f64x2.mul(f64x2.convert_low_i32x4_s(upper(v)), v128.load(factors, 16));
    q = onGrid(by, low, high);
  } else q = slowlyOne(by, at, v);
  return atCodes(by, q);
}

/** The same of the sums of two operands' products. */
@inline
export function toGridByTwo(by: Rescale, a: v128, b: v128, at: usize = 0): v128 {
  let q: v128;
  if (isExact(by, a) && isExact(by, b)) {
    const factors = by.factors + 2 * at;
    const others = by.otherFactors + 2 * at;
    const low = f64x2.add(
      f64x2.mul(f64x2.convert_low_i32x4_s(a), v128.load(factors)),
      f64x2.mul(f64x2.convert_low_i32x4_s(b), v128.load(others)),
    );
    const high = f64x2.add(
      f64x2.mul(f64x2.convert_low_i32x4_s(upper(a)), v128.load(factors, 16)),
      f64x2.mul(f64x2.convert_low_i32x4_s(upper(b)), v128.load(others, 16)),
    );
    q = onGrid(by, low, high);
  } else q = slowlyTwo(by, at, a, b);
  return atCodes(by, q);
}

/** Stores four integers, or the first `left` bytes of them where that is less. */
@inline
export function storeUpTo(y: usize, v: v128, left: isize): void {
  if (left >= 16) {
    v128.store(y, v);
    return;
  }
  store<i32>(y, i32x4.extract_lane(v, 0));
  if (left > 4) store<i32>(y, i32x4.extract_lane(v, 1), 4);
  if (left > 8) store<i32>(y, i32x4.extract_lane(v, 2), 8);
}

/**
 * Adds biases to sums and takes them to a grid.
 * @param sums i32; those of a pixel's channels follow each other, the next pixel's are `pitch` bytes further
 * @param biases i32 [channels]; 0: none
 * @param rescale 0: the sums stay
 * @param y i32, laid out by `yPitch`; may be `sums` where that is no wider
 */
export function finish(
  sums: usize,
  pixels: i32,
  channels: i32,
  pitch: usize,
  biases: usize,
  rescale: usize,
  y: usize,
  yPitch: usize,
): void {
  const by = changetype<Rescale>(rescale);
  const bytes = <usize>channels << 2;
  if (!rescale) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let c: usize = 0; c < bytes; c += 16)
        storeUpTo(y + c, biased(sums + c, biases, c), bytes - c);
      sums += pitch;
      y += yPitch;
    }
    return;
  }
  // What `toGrid` reads each time: here it stays in registers.
  const step = 4 * by.step;
  const limit = i32x4.splat(by.limit);
  const beyond = i32x4.splat(by.beyond);
  const least = f64x2.splat(by.least);
  const most = f64x2.splat(by.most);
  const zero = i32x4.splat(by.zeroPoint);
  for (let pixel = 0; pixel < pixels; pixel++) {
    let at: usize = 0;
    for (let c: usize = 0; c < bytes; c += 16) {
      const sum = biased(sums + c, biases, c);
      let q: v128;
      if (areWithin(sum, limit, beyond)) {
        const factors = by.factors + 2 * at;
        const low = f64x2.mul(f64x2.convert_low_i32x4_s(sum), v128.load(factors));
        const high = f64x2.mul(f64x2.convert_low_i32x4_s(upper(sum)), v128.load(factors, 16));
        q = i32x4.add(between(low, high, least, most), zero);
      } else q = slowlyOne(by, at, sum);
      storeUpTo(y + c, atCodes(by, q), bytes - c);
      at += step;
    }
    sums += pitch;
    y += yPitch;
  }
}

/** @param c bytes from the first channel */
@inline
function biased(sums: usize, biases: usize, c: usize): v128 {
  const sum = v128.load(sums);
  return biases ? i32x4.add(sum, v128.load(biases + c)) : sum;
}

/** Takes two operands with their zero points to one grid. @param a, b, y i32 [pixels, channels] */
export function combine(
  a: usize,
  zeroOfA: i32,
  b: usize,
  zeroOfB: i32,
  pixels: i32,
  channels: i32,
  rescale: usize,
  y: usize,
): void {
  const by = changetype<Rescale>(rescale);
  const bytes = <usize>channels << 2;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let at: usize = 0;
    for (let c: usize = 0; c < bytes; c += 16) {
      const first = i32x4.sub(v128.load(a + c), i32x4.splat(zeroOfA));
      const second = i32x4.sub(v128.load(b + c), i32x4.splat(zeroOfB));
      storeUpTo(y + c, toGridByTwo(by, first, second, at), bytes - c);
      at += 4 * by.step;
    }
    a += bytes;
    b += bytes;
    y += bytes;
  }
}

/**
 * Rows of a table and weights of the positions.
 * @param symbols i32 [positions]: which row
 * @param table i32 [symbols, channels]
 * @param weights, y i32 [positions, channels]
 */
export function embed(
  symbols: usize,
  table: usize,
  weights: usize,
  positions: i32,
  channels: i32,
  rescale: usize,
  y: usize,
): void {
  const bytes = <usize>channels << 2;
  for (let t = 0; t < positions; t++) {
    combine(table + load<i32>(symbols) * bytes, 0, weights, 0, 1, channels, rescale, y);
    symbols += 4;
    weights += bytes;
    y += bytes;
  }
}
