/** Dropout. See ../dropout/index.ts. */
import { copyFloats, storeLane } from './lanes';
import { chances, streamOf } from './random';

@inline
function kept(x: v128, rate: v128, scale: v128, stream: v128, index: i32): v128 {
  const keep = f32x4.ge(chances(stream, index), rate);
  return v128.bitselect(x, v128.and(f32x4.mul(x, scale), keep), f32x4.ne(x, x));
}

/** y [n] from x [n]; rate, seed, clock [1] */
export function dropout(x: usize, rate: usize, seed: usize, clock: usize, y: usize, n: i32): void {
  const bytes = (n as usize) << 2;
  const time = load<f32>(clock);
  if (time < 0) {
    copyFloats(y, x, bytes);
    return;
  }
  const stream = streamOf(load<f32>(seed), time);
  const rates = v128.load32_splat(rate);
  const scale = f32x4.splat(1 / (1 - load<f32>(rate)));
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16)
    v128.store(y + i, kept(v128.load(x + i), rates, scale, stream, (i >> 2) as i32));
  for (; i < bytes; i += 4)
    storeLane(y + i, kept(v128.load32_splat(x + i), rates, scale, stream, (i >> 2) as i32));
}
