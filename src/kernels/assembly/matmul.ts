/** Packed, register-tiled float32 matrix product. Sums run over k in ascending order, without fused multiply-add. */

/** Packs B [K, N] (element (k, n) at b + 4 * (k * rowStride + n * columnStride)) into panels of 8 columns, zero filled. */
export function packPanels(
  b: usize, K: i32, N: i32, rowStride: i32, columnStride: i32, packed: usize,
): void {
  let out = packed;
  for (let n = 0; n < N; n += 8) {
    const width = min(8, N - n);
    for (let k = 0; k < K; k++) {
      const row = b + (((k * rowStride + n * columnStride) as usize) << 2);
      if (width == 8 && columnStride == 1) {
        v128.store(out, v128.load(row));
        v128.store(out, v128.load(row, 16), 16);
      } else {
        for (let j = 0; j < 8; j++) {
          const value = j < width ? load<f32>(row + (((j * columnStride) as usize) << 2)) : 0;
          store<f32>(out + ((j as usize) << 2), value);
        }
      }
      out += 32;
    }
  }
}
