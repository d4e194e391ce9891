/**
 * Sums of products, eight 16-bit integers at a time, in int32. Sums that leave 32 bits wrap, as those of ../ops do. ../vectors
 * lays out the operands; a load may read up to 16 bytes beyond them, against weights of 0 or into sums that nobody reads.
 */

/**
 * Of each window of an image with the weights of `units` outputs (a multiple of 4).
 * @param x i16; a window's rows are `rowBytes` apart, windows `down` and `right` bytes
 * @param rows of a window, each of `pairs` pairs of neighbours
 * @param w i16: blocks of 16 units, then of 4, each [rows, pairs, units of the block, 2]
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
  for (let unit = 0; unit < units; ) {
    const wide = unit + 16 <= units;
    let to = y + (<usize>unit << 2);
    for (let i = 0; i < outHeight; i++) {
      let window = x + i * down;
      for (let j = 0; j < outWidth; j++) {
        if (wide) sixteen(window, rows, rowBytes, pairs, w, to);
        else four(window, rows, rowBytes, pairs, w, to);
        window += right;
        to += pitch;
      }
    }
    const width = wide ? 16 : 4;
    w += <usize>(rows * pairs * width) << 2;
    unit += width;
  }
}

@inline
function pair(sum: v128, x: v128, w: usize, offset: usize): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(x, v128.load(w + offset)));
}

@inline
function sixteen(window: usize, rows: i32, rowBytes: i32, pairs: i32, w: usize, to: usize): void {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let row = 0; row < rows; row++) {
    let from = window + row * rowBytes;
    for (let end = from + (<usize>pairs << 2); from < end; from += 4) {
      const x = v128.load32_splat(from);
      a = pair(a, x, w, 0);
      b = pair(b, x, w, 16);
      c = pair(c, x, w, 32);
      d = pair(d, x, w, 48);
      w += 64;
    }
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}

@inline
function four(window: usize, rows: i32, rowBytes: i32, pairs: i32, w: usize, to: usize): void {
  let a = i32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    let from = window + row * rowBytes;
    for (let end = from + (<usize>pairs << 2); from < end; from += 4) {
      a = pair(a, v128.load32_splat(from), w, 0);
      w += 16;
    }
  }
  v128.store(to, a);
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
