/**
 * What takes sums to another grid: products of 63 bits, rounded once, half to even. One sum after the other, because every
 * channel has a shift of its own and SIMD has one shift for all lanes.
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
}

/** q of the sum of both products. @param at where the channel's shift is, from the first */
@inline
export function toGrid(by: Rescale, at: usize, product: i64): i32 {
  const shift = <i64>load<i32>(by.shifts + at);
  const below = product >> shift;
  const rest = product - (below << shift);
  const up = rest + (below & 1) > (<i64>1 << (shift - 1));
  const q = <i32>max<i64>(min<i64>(below + <i64>up + by.zeroPoint, by.high), by.low);
  return by.table ? <i32>load<u8>(by.table + (q + 0x8000)) : q;
}

/** q of one operand, where one multiplier stands for all channels. */
@inline
export function toGridByOne(by: Rescale, value: i32): i32 {
  return toGrid(by, 0, <i64>value * load<i32>(by.multipliers));
}

/** The same of two operands. */
@inline
export function toGridByTwo(by: Rescale, a: i32, b: i32): i32 {
  return toGrid(by, 0, <i64>a * load<i32>(by.multipliers) + <i64>b * load<i32>(by.others));
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
  for (let pixel = 0; pixel < pixels; pixel++) {
    let at: usize = 0;
    for (let c: usize = 0; c < bytes; c += 4) {
      let sum = load<i32>(sums + c);
      if (biases) sum += load<i32>(biases + c);
      if (rescale) {
        sum = toGrid(by, at, <i64>sum * load<i32>(by.multipliers + at));
        at += by.step;
      }
      store<i32>(y + c, sum);
    }
    sums += pitch;
    y += yPitch;
  }
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
  for (let pixel = 0; pixel < pixels; pixel++) {
    let at: usize = 0;
    for (let c = 0; c < channels; c++) {
      const first = <i64>(load<i32>(a) - zeroOfA) * load<i32>(by.multipliers + at);
      const second = <i64>(load<i32>(b) - zeroOfB) * load<i32>(by.others + at);
      store<i32>(y, toGrid(by, at, first + second));
      at += by.step;
      a += 4;
      b += 4;
      y += 4;
    }
  }
}
