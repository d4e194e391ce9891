/**
 * Sums of products, eight 16-bit integers at a time, in int32. Sums that leave 32 bits wrap, as those of ../ops do. ../vectors
 * lays out the operands; a load may read up to 16 bytes beyond them, against weights of 0 or into sums that nobody reads.
 *
 * Four windows share the weights of eight units, so that of three loads two are multiplied four times: eight sums, which with
 * their operands fit the sixteen registers of x86. A window that is left over shares its own numbers between sixteen units.
 */

/**
 * Of each window of an image with the weights of `units` outputs (a multiple of 4).
 * @param x i16; a window's rows are `rowBytes` apart, windows `down` and `right` bytes
 * @param rows of a window, each of `pairs` pairs of neighbours
 * @param w i16: blocks of 8 units, then of 4, each [rows, pairs, units of the block, 2]
 * @param y i32 [outHeight, outWidth, units]
 */
export function products(
  x: usize,
  outHeight: i32,
  outWidth: i32,
  down: i32,
  right: i32,
  rows: i32,
  rowBytes: i32,
  pairs: i32,
  w: usize,
  units: i32,
  y: usize,
): void {
  const pitch = <usize>units << 2;
  const next = <usize>right;
  for (let i = 0; i < outHeight; i++) {
    const line = x + i * down;
    if (outWidth < 4) {
      for (let j = 0; j < outWidth; j++) one(line + j * right, rows, rowBytes, pairs, w, units, y + j * pitch);
    } else {
      let weights = w;
      for (let unit = 0; unit < units; ) {
        const width = unit + 8 <= units ? 8 : 4;
        for (let j = 0; j < outWidth; j += 4) {
          // The last four may begin among those before.
          const from = min(j, outWidth - 4);
          const window = line + from * right;
          const to = y + from * pitch + (<usize>unit << 2);
          if (width === 8) fourByEight(window, next, rows, rowBytes, pairs, weights, to, pitch);
          else fourByFour(window, next, rows, rowBytes, pairs, weights, to, pitch);
        }
        weights += <usize>(rows * pairs * width) << 2;
        unit += width;
      }
    }
    y += outWidth * pitch;
  }
}

@inline
function dot(sum: v128, x: v128, w: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(x, w));
}

@inline
function fourByEight(
  a: usize,
  next: usize,
  rows: i32,
  rowBytes: i32,
  pairs: i32,
  w: usize,
  to: usize,
  pitch: usize,
): void {
  const b = a + next;
  const c = b + next;
  const d = c + next;
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  for (let row = 0; row < rows; row++) {
    let k = <usize>(row * rowBytes);
    for (const end = k + (<usize>pairs << 2); k < end; k += 4) {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      let x = v128.load32_splat(a + k);
      a0 = dot(a0, x, w0);
      a1 = dot(a1, x, w1);
      x = v128.load32_splat(b + k);
      b0 = dot(b0, x, w0);
      b1 = dot(b1, x, w1);
      x = v128.load32_splat(c + k);
      c0 = dot(c0, x, w0);
      c1 = dot(c1, x, w1);
      x = v128.load32_splat(d + k);
      d0 = dot(d0, x, w0);
      d1 = dot(d1, x, w1);
      w += 32;
    }
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  to += pitch;
  v128.store(to, b0);
  v128.store(to, b1, 16);
  to += pitch;
  v128.store(to, c0);
  v128.store(to, c1, 16);
  to += pitch;
  v128.store(to, d0);
  v128.store(to, d1, 16);
}

@inline
function fourByFour(
  a: usize,
  next: usize,
  rows: i32,
  rowBytes: i32,
  pairs: i32,
  w: usize,
  to: usize,
  pitch: usize,
): void {
  const b = a + next;
  const c = b + next;
  const d = c + next;
  let a0 = i32x4.splat(0);
  let b0 = a0;
  let c0 = a0;
  let d0 = a0;
  for (let row = 0; row < rows; row++) {
    let k = <usize>(row * rowBytes);
    for (const end = k + (<usize>pairs << 2); k < end; k += 4) {
      const w0 = v128.load(w);
      a0 = dot(a0, v128.load32_splat(a + k), w0);
      b0 = dot(b0, v128.load32_splat(b + k), w0);
      c0 = dot(c0, v128.load32_splat(c + k), w0);
      d0 = dot(d0, v128.load32_splat(d + k), w0);
      w += 16;
    }
  }
  v128.store(to, a0);
  v128.store(to + pitch, b0);
  v128.store(to + 2 * pitch, c0);
  v128.store(to + 3 * pitch, d0);
}

/** One window with all units. */
@inline
function one(window: usize, rows: i32, rowBytes: i32, pairs: i32, w: usize, units: i32, to: usize): void {
  const block = <usize>(rows * pairs) << 5;
  let unit = 0;
  for (; unit + 16 <= units; unit += 16) {
    let a = i32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let other = w + block;
    for (let row = 0; row < rows; row++) {
      let from = window + row * rowBytes;
      for (const end = from + (<usize>pairs << 2); from < end; from += 4) {
        const x = v128.load32_splat(from);
        a = dot(a, x, v128.load(w));
        b = dot(b, x, v128.load(w, 16));
        c = dot(c, x, v128.load(other));
        d = dot(d, x, v128.load(other, 16));
        w += 32;
        other += 32;
      }
    }
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    w += block;
    to += 64;
  }
  for (; unit < units; unit += 4) {
    // Of a block of 8, half by half.
    const eight = unit + 8 <= units || (unit & 4) !== 0;
    const step: usize = eight ? 32 : 16;
    const start = w;
    let a = i32x4.splat(0);
    for (let row = 0; row < rows; row++) {
      let from = window + row * rowBytes;
      for (const end = from + (<usize>pairs << 2); from < end; from += 4) {
        a = dot(a, v128.load32_splat(from), v128.load(w));
        w += step;
      }
    }
    v128.store(to, a);
    w = start + ((unit & 4) !== 0 ? block - 16 : 16);
    to += 16;
  }
}

/**
 * Of each window of each channel with a filter of its own.
 * @param x i16; pixels are `pixelBytes` apart, rows of the image `rowBytes`
 * @param w i16 [rows, columns, channels], channels a multiple of 8
 * @param y i32 [outHeight, outWidth, channels]
 */
export function channelProducts(
  x: usize,
  outHeight: i32,
  outWidth: i32,
  down: i32,
  right: i32,
  rows: i32,
  columns: i32,
  rowBytes: i32,
  pixelBytes: i32,
  w: usize,
  channels: i32,
  y: usize,
): void {
  const tap = <usize>channels << 1;
  for (let i = 0; i < outHeight; i++) {
    let window = x + i * down;
    for (let j = 0; j < outWidth; j++) {
      for (let c = 0; c < channels; c += 8) {
        let low = i32x4.splat(0);
        let high = low;
        let weights = w + (<usize>c << 1);
        for (let row = 0; row < rows; row++) {
          let from = window + row * rowBytes + (<usize>c << 1);
          for (let column = 0; column < columns; column++) {
            const a = v128.load(from);
            const b = v128.load(weights);
            low = i32x4.add(low, i32x4.extmul_low_i16x8_s(a, b));
            high = i32x4.add(high, i32x4.extmul_high_i16x8_s(a, b));
            from += pixelBytes;
            weights += tap;
          }
        }
        v128.store(y, low);
        v128.store(y, high, 16);
        y += 32;
      }
      window += right;
    }
  }
}
