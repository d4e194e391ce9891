/**
 * The one inner loop of every matrix product and convolution: a tile of 4 rows and 8 columns of the result held in
 * registers. The sum runs over k in ascending order and multiplies and adds separately, so a result depends only on its
 * operands, never on the tiling. The module `kernels-fused` multiplies and adds in one step that rounds once, where the
 * processor has it: faster, with other last bits than elsewhere; never on the tiling either.
 */

/** Columns of a tile, and of a packed panel. */
export const TILE_COLUMNS: i32 = 8;
/** Rows of a tile. */
export const TILE_ROWS: i32 = 4;

/** sum + x * y */
// @ts-ignore: decorator
@inline
function addProduct(sum: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(sum, f32x4.mul(x, y));
}

/** The first `count` floats at `at` (all four from 4 on, none below 1), the rest zero. Reads nothing beyond them. */
// @ts-ignore: decorator
@inline
function loadPart(at: usize, count: i32): v128 {
  if (count >= 4) return v128.load(at);
  let part = f32x4.splat(0);
  if (count > 0) part = v128.load_lane<f32>(at, part, 0);
  if (count > 1) part = v128.load_lane<f32>(at, part, 1, 4);
  if (count > 2) part = v128.load_lane<f32>(at, part, 2, 8);
  return part;
}

// @ts-ignore: decorator
@inline
function storePart(at: usize, part: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, part);
    return;
  }
  if (count > 0) v128.store_lane<f32>(at, part, 0);
  if (count > 1) v128.store_lane<f32>(at, part, 1, 4);
  if (count > 2) v128.store_lane<f32>(at, part, 2, 8);
}

/**
 * c[i][j] = (accumulate ? c[i][j] : 0) + sum over k of a_i[k] * b[k][j], for i < rows <= 4 and j < columns <= 8.
 *
 * The k-th value of row i lies at a_i, which advances by aStep bytes; after each `length` values it also jumps by aJump
 * bytes, `segments` times in all. b advances by bStep bytes per k and is read 8 floats wide whatever `columns` is. Rows
 * from `rows` on may repeat an address, they are computed and dropped. Rows of c are cRow bytes apart.
 */
export function tile(
  a0: usize, a1: usize, a2: usize, a3: usize, aStep: usize, aJump: usize,
  b: usize, bStep: usize,
  segments: i32, length: i32,
  c: usize, cRow: usize, rows: i32, columns: i32, accumulate: bool,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const r1 = c + cRow, r2 = r1 + cRow, r3 = r2 + cRow;
  const whole = rows == TILE_ROWS && columns == TILE_COLUMNS;
  if (accumulate) {
    if (whole) {
      c00 = v128.load(c); c01 = v128.load(c, 16);
      c10 = v128.load(r1); c11 = v128.load(r1, 16);
      c20 = v128.load(r2); c21 = v128.load(r2, 16);
      c30 = v128.load(r3); c31 = v128.load(r3, 16);
    } else {
      c00 = loadPart(c, columns); c01 = loadPart(c + 16, columns - 4);
      if (rows > 1) { c10 = loadPart(r1, columns); c11 = loadPart(r1 + 16, columns - 4); }
      if (rows > 2) { c20 = loadPart(r2, columns); c21 = loadPart(r2 + 16, columns - 4); }
      if (rows > 3) { c30 = loadPart(r3, columns); c31 = loadPart(r3 + 16, columns - 4); }
    }
  }
  // Addresses limit the loops as much as products do: rows at one of these distances need one that moves, not four. They are
  // neighbouring values, and pixels of 8 and of 16 channels. Written out, since with an inlined function V8 spills the sums.
  const apart = a2 - a1 == a1 - a0 && a3 - a2 == a1 - a0 ? a1 - a0 : 0;
  for (let s = 0; s < segments; s++) {
    if (apart == 4) {
      for (let k = 0; k < length; k++) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let x = v128.load_splat<f32>(a0);
        c00 = addProduct(c00, x, b0); c01 = addProduct(c01, x, b1);
        x = v128.load_splat<f32>(a0, 4);
        c10 = addProduct(c10, x, b0); c11 = addProduct(c11, x, b1);
        x = v128.load_splat<f32>(a0, 8);
        c20 = addProduct(c20, x, b0); c21 = addProduct(c21, x, b1);
        x = v128.load_splat<f32>(a0, 12);
        c30 = addProduct(c30, x, b0); c31 = addProduct(c31, x, b1);
        a0 += aStep;
        b += bStep;
      }
    } else if (apart == 32) {
      for (let k = 0; k < length; k++) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let x = v128.load_splat<f32>(a0);
        c00 = addProduct(c00, x, b0); c01 = addProduct(c01, x, b1);
        x = v128.load_splat<f32>(a0, 32);
        c10 = addProduct(c10, x, b0); c11 = addProduct(c11, x, b1);
        x = v128.load_splat<f32>(a0, 64);
        c20 = addProduct(c20, x, b0); c21 = addProduct(c21, x, b1);
        x = v128.load_splat<f32>(a0, 96);
        c30 = addProduct(c30, x, b0); c31 = addProduct(c31, x, b1);
        a0 += aStep;
        b += bStep;
      }
    } else if (apart == 64) {
      for (let k = 0; k < length; k++) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let x = v128.load_splat<f32>(a0);
        c00 = addProduct(c00, x, b0); c01 = addProduct(c01, x, b1);
        x = v128.load_splat<f32>(a0, 64);
        c10 = addProduct(c10, x, b0); c11 = addProduct(c11, x, b1);
        x = v128.load_splat<f32>(a0, 128);
        c20 = addProduct(c20, x, b0); c21 = addProduct(c21, x, b1);
        x = v128.load_splat<f32>(a0, 192);
        c30 = addProduct(c30, x, b0); c31 = addProduct(c31, x, b1);
        a0 += aStep;
        b += bStep;
      }
    } else {
      for (let k = 0; k < length; k++) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let x = v128.load_splat<f32>(a0);
        c00 = addProduct(c00, x, b0); c01 = addProduct(c01, x, b1);
        x = v128.load_splat<f32>(a1);
        c10 = addProduct(c10, x, b0); c11 = addProduct(c11, x, b1);
        x = v128.load_splat<f32>(a2);
        c20 = addProduct(c20, x, b0); c21 = addProduct(c21, x, b1);
        x = v128.load_splat<f32>(a3);
        c30 = addProduct(c30, x, b0); c31 = addProduct(c31, x, b1);
        a0 += aStep; a1 += aStep; a2 += aStep; a3 += aStep;
        b += bStep;
      }
    }
    a0 += aJump; a1 += aJump; a2 += aJump; a3 += aJump;
  }
  if (whole) {
    v128.store(c, c00); v128.store(c, c01, 16);
    v128.store(r1, c10); v128.store(r1, c11, 16);
    v128.store(r2, c20); v128.store(r2, c21, 16);
    v128.store(r3, c30); v128.store(r3, c31, 16);
  } else {
    storePart(c, c00, columns); storePart(c + 16, c01, columns - 4);
    if (rows > 1) { storePart(r1, c10, columns); storePart(r1 + 16, c11, columns - 4); }
    if (rows > 2) { storePart(r2, c20, columns); storePart(r2 + 16, c21, columns - 4); }
    if (rows > 3) { storePart(r3, c30, columns); storePart(r3 + 16, c31, columns - 4); }
  }
}
