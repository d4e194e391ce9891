/** layerNorm of ../ops. */
import { integersOf, Rescale, storeUpTo, toGrid, upper } from './rescale';

/** round(size * scale / root), halves up, of two integers: divided as doubles, which are exact here. */
@inline
function shares(sizes: v128, scale: v128, half: v128, root: v128): v128 {
  return f64x2.floor(f64x2.div(f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(sizes), scale), half), root));
}

/**
 * @param x, y i32 [rows, features]
 * @param epsilon at the scale of features^2 times the variance of q
 * @param normalBits fractional bits of normalized values
 * @param gamma, beta i32 [features]
 */
export function layerNorm(
  x: usize,
  rows: i32,
  features: i32,
  zeroPoint: i32,
  epsilon: i32,
  normalBits: i32,
  gamma: usize,
  beta: usize,
  rescale: usize,
  y: usize,
): void {
  const by = changetype<Rescale>(rescale);
  const bytes = <usize>features << 2;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    let squares = 0;
    for (let c: usize = 0; c < bytes; c += 4) {
      const value = load<i32>(x + c) - zeroPoint;
      sum += value;
      squares += value * value;
    }
    let spread = max<i64>(<i64>features * squares - <i64>sum * sum + epsilon, 1);
    let bits = normalBits;
    for (; spread < 1 << 30; bits++) spread <<= 2;
    const whole = floor<f64>(sqrt<f64>(<f64>spread));
    const root = f64x2.splat(whole);
    const half = f64x2.splat(floor<f64>(whole / 2));
    const scale = f64x2.splat(<f64>(<i64>1 << bits));
    const zero = i32x4.splat(zeroPoint);
    for (let c: usize = 0; c < bytes; c += 16) {
      const moved = i32x4.mul(i32x4.sub(v128.load(x + c), zero), i32x4.splat(features));
      const centred = i32x4.sub(moved, i32x4.splat(sum));
      const sizes = i32x4.abs(centred);
      const low = shares(sizes, scale, half, root);
      const high = shares(upper(sizes), scale, half, root);
      // Negative where the sign is: x ^ -1 - -1.
      const sign = i32x4.shr_s(centred, 31);
      const steps = i32x4.sub(v128.xor(integersOf(low, high), sign), sign);
      const curved = i32x4.add(i32x4.mul(steps, v128.load(gamma + c)), v128.load(beta + c));
      storeUpTo(y + c, toGrid(by, curved), bytes - c);
    }
    x += bytes;
    y += bytes;
  }
}
