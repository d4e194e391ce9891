/** Softmax over integer scores, shares in steps of 2^-16. See ../integerSoftmax/index.ts. */
import { exp4 } from './lanes';

/** Below this exponentials count as 0. */
const LOWEST: f32 = -64;

/** p [matrices, queries, keys], of the first q + 1 keys if causal. */
export function integerSoftmax(
  scores: usize, scale: usize, p: usize, matrices: i32, queries: i32, keys: i32, causal: i32,
): void {
  const rowBytes = (keys as usize) << 2;
  const factor = load<f32>(scale);
  for (let row = 0; row < matrices * queries; row++) {
    const seen: usize = causal ? ((row % queries) as usize) * 4 + 4 : rowBytes;
    let largest = load<f32>(scores);
    for (let c: usize = 4; c < seen; c += 4) largest = max(largest, load<f32>(scores + c));
    let total: f64 = 0;
    for (let c: usize = 0; c < seen; c += 4) {
      const x: f32 = (load<f32>(scores + c) - largest) * factor;
      const value: f32 = x < LOWEST ? (0 as f32) : nearest(f32x4.extract_lane(exp4(f32x4.splat(x)), 0) * 32768);
      store<f32>(p + c, value);
      total += value as f64;
    }
    const half = floor(total / 2);
    for (let c: usize = 0; c < seen; c += 4)
      store<f32>(p + c, floor(((load<f32>(p + c) as f64) * 65536 + half) / total) as f32);
    memory.fill(p + seen, 0, rowBytes - seen);
    scores += rowBytes;
    p += rowBytes;
  }
}
