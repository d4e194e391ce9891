/** Softmax over integer scores, shares in steps of 2^-16. See ../integerSoftmax/index.ts. */
import { exp4, get, put } from './lanes';

/** Below this exponentials count as 0. */
const LOWEST: f32 = -64;

/** Exponentials in steps of 2^-15. */
@inline
function exponentialAt(scores: usize, to: usize, c: usize, scale: v128, largest: v128, whole: bool): v128 {
  const x = f32x4.mul(f32x4.sub(get(scores + c, whole), largest), scale);
  const power = f32x4.nearest(f32x4.mul(exp4(x), f32x4.splat(32768)));
  const value = v128.andnot(power, f32x4.lt(x, f32x4.splat(LOWEST)));
  put(to + c, value, whole);
  return value;
}

/** Two of four values, as float64, times 2^16 and divided by the total: the rounding of whole numbers is floor's. */
@inline
function sharesOf(two: v128, half: v128, total: v128): v128 {
  const scaled = f64x2.mul(f64x2.promote_low_f32x4(two), f64x2.splat(65536));
  return f32x4.demote_f64x2_zero(f64x2.floor(f64x2.div(f64x2.add(scaled, half), total)));
}

/** p [matrices, queries, keys], of the first q + 1 keys if causal. */
export function integerSoftmax(
  scores: usize, scale: usize, p: usize, matrices: i32, queries: i32, keys: i32, causal: i32,
): void {
  const rowBytes = (keys as usize) << 2;
  const factor = f32x4.splat(load<f32>(scale));
  for (let row = 0; row < matrices * queries; row++) {
    const seen: usize = causal ? ((row % queries) as usize) * 4 + 4 : rowBytes;
    const whole = seen & ~15;
    let largest = load<f32>(scores);
    for (let c: usize = 4; c < seen; c += 4) largest = max(largest, load<f32>(scores + c));
    const largests = f32x4.splat(largest);
    // Whole numbers below 2^53 in any order.
    let totals = f64x2.splat(0);
    let c: usize = 0;
    for (; c < whole; c += 16) {
      const four = exponentialAt(scores, p, c, factor, largests, true);
      const last = v128.shuffle<i32>(four, four, 2, 3, 2, 3);
      totals = f64x2.add(totals, f64x2.add(f64x2.promote_low_f32x4(four), f64x2.promote_low_f32x4(last)));
    }
    let total = f64x2.extract_lane(totals, 0) + f64x2.extract_lane(totals, 1);
    for (; c < seen; c += 4)
      total += f32x4.extract_lane(exponentialAt(scores, p, c, factor, largests, false), 0) as f64;
    const half = f64x2.splat(floor(total / 2));
    const all = f64x2.splat(total);
    for (c = 0; c < whole; c += 16) {
      const four = v128.load(p + c);
      const last = v128.shuffle<i32>(four, four, 2, 3, 2, 3);
      v128.store(p + c, v128.shuffle<i32>(sharesOf(four, half, all), sharesOf(last, half, all), 0, 1, 4, 5));
    }
    for (; c < seen; c += 4) put(p + c, sharesOf(v128.load32_splat(p + c), half, all), false);
    memory.fill(p + seen, 0, rowBytes - seen);
    scores += rowBytes;
    p += rowBytes;
  }
}
