/** layerNorm of ../ops. */
import { Rescale, toGridByOne } from './rescale';

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
    // Divided as doubles, which are exact here and faster.
    const root = floor<f64>(sqrt<f64>(<f64>spread));
    const half = floor<f64>(root / 2);
    const scale = <f64>(<i64>1 << bits);
    for (let c: usize = 0; c < bytes; c += 4) {
      const centred = features * (load<i32>(x + c) - zeroPoint) - sum;
      const size = <i32>((<f64>abs<i32>(centred) * scale + half) / root);
      const steps = centred < 0 ? -size : size;
      store<i32>(y + c, toGridByOne(by, steps * load<i32>(gamma + c) + load<i32>(beta + c)));
    }
    x += bytes;
    y += bytes;
  }
}
