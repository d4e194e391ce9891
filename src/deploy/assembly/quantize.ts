/**
 * Rounds numbers to a grid, half to even, in their place: quantizeAll of ../arithmetic.ts.
 * @param x f32, then i32 [count], and up to 12 bytes more
 * @param inverse 1 / scale
 * @param least, most bounds of q - zero point
 */
export function quantize(x: usize, count: i32, inverse: f32, zeroPoint: i32, least: f32, most: f32): void {
  const factor = f32x4.splat(inverse);
  const zero = i32x4.splat(zeroPoint);
  const low = f32x4.splat(least);
  const high = f32x4.splat(most);
  for (const end = x + (<usize>count << 2); x < end; x += 16) {
    const steps = f32x4.nearest(f32x4.mul(v128.load(x), factor));
    const bounded = f32x4.pmax(f32x4.pmin(steps, high), low);
    v128.store(x, i32x4.add(i32x4.trunc_sat_f32x4_s(bounded), zero));
  }
}
