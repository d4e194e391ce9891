/** Softmax over the keys that a query sees, and its gradient. See ../attentionSoftmax/index.ts. */
import { exp4, get, put, sumOfLanes } from './lanes';

/** Below this exponentials count as 0, so that no result is subnormal. */
const LOWEST: f32 = -64;

@inline
function exponentialAt(scores: usize, to: usize, c: usize, scale: v128, maximum: v128, whole: bool): v128 {
  const x = f32x4.sub(f32x4.mul(get(scores + c, whole), scale), maximum);
  const value = v128.andnot(exp4(x), f32x4.lt(x, f32x4.splat(LOWEST)));
  put(to + c, value, whole);
  return value;
}

/** p [matrices, queries, keys] = softmax over the keys of scores * scale [1], of the first q + 1 keys if causal */
export function attentionSoftmax(
  scores: usize, scale: usize, p: usize, matrices: i32, queries: i32, keys: i32, causal: i32,
): void {
  const rowBytes = (keys as usize) << 2;
  const factor = load<f32>(scale);
  const factors = f32x4.splat(factor);
  for (let row = 0; row < matrices * queries; row++) {
    const seen: usize = causal ? ((row % queries) as usize) * 4 + 4 : rowBytes;
    let maximum = load<f32>(scores) * factor;
    for (let c: usize = 4; c < seen; c += 4) maximum = max(maximum, load<f32>(scores + c) * factor);
    const maxima = f32x4.splat(maximum);
    let lanes = f32x4.splat(0);
    let c: usize = 0;
    for (; c + 16 <= seen; c += 16)
      lanes = f32x4.add(lanes, exponentialAt(scores, p, c, factors, maxima, true));
    let sum = sumOfLanes(lanes);
    for (; c < seen; c += 4)
      sum += f32x4.extract_lane(exponentialAt(scores, p, c, factors, maxima, false), 0);
    const inverse: f32 = 1 / sum;
    const inverses = f32x4.splat(inverse);
    c = 0;
    for (; c + 16 <= seen; c += 16) v128.store(p + c, f32x4.mul(v128.load(p + c), inverses));
    for (; c < seen; c += 4) store<f32>(p + c, load<f32>(p + c) * inverse);
    memory.fill(p + seen, 0, rowBytes - seen);
    scores += rowBytes;
    p += rowBytes;
  }
}

/** dscores [rows, keys] = scale * p * (dy - sum of dy * p) */
export function attentionSoftmaxGradient(
  dy: usize, p: usize, scale: usize, dscores: usize, rows: i32, keys: i32,
): void {
  const rowBytes = (keys as usize) << 2;
  const factor = load<f32>(scale);
  const factors = f32x4.splat(factor);
  for (let row = 0; row < rows; row++) {
    let lanes = f32x4.splat(0);
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16)
      lanes = f32x4.add(lanes, f32x4.mul(v128.load(dy + c), v128.load(p + c)));
    let sum = sumOfLanes(lanes);
    for (; c < rowBytes; c += 4) sum += load<f32>(dy + c) * load<f32>(p + c);
    const sums = f32x4.splat(sum);
    c = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const dx = f32x4.mul(v128.load(p + c), f32x4.sub(v128.load(dy + c), sums));
      v128.store(dscores + c, f32x4.mul(dx, factors));
    }
    for (; c < rowBytes; c += 4)
      store<f32>(dscores + c, load<f32>(p + c) * (load<f32>(dy + c) - sum) * factor);
    dy += rowBytes;
    p += rowBytes;
    dscores += rowBytes;
  }
}
