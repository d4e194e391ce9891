/** Weights whose width is learned. See ../learnedBits/index.ts. */
import { copyFloats, get, put, sumOfLanes } from './lanes';
import { storeScale } from './observe';

/** Values over which a float32 sum runs before it is added to the total, in bytes. */
const BLOCK: usize = 1024;

/** As in ../learnedBits/exp2.ts, to the last bit: ln(2)^k / k!, k from 7 to 0. */
function exp2(x: f32): f32 {
  const clamped = min<f32>(max<f32>(x, -24), 24);
  if (clamped != clamped) return clamped;
  const whole = floor<f32>(clamped + 0.5);
  const f = clamped - whole;
  let sum = COEFFICIENT_7;
  sum = sum * f + COEFFICIENT_6;
  sum = sum * f + COEFFICIENT_5;
  sum = sum * f + COEFFICIENT_4;
  sum = sum * f + COEFFICIENT_3;
  sum = sum * f + COEFFICIENT_2;
  sum = sum * f + COEFFICIENT_1;
  sum = sum * f + 1;
  return sum * reinterpret<f32>(((whole as i32) + 127) << 23);
}
const LN2: f64 = 0.6931471805599453;
const COEFFICIENT_1: f32 = LN2 as f32;
const COEFFICIENT_2: f32 = (LN2 / 1 * (LN2 / 2)) as f32;
const COEFFICIENT_3: f32 = (LN2 / 1 * (LN2 / 2) * (LN2 / 3)) as f32;
const COEFFICIENT_4: f32 = (LN2 / 1 * (LN2 / 2) * (LN2 / 3) * (LN2 / 4)) as f32;
const COEFFICIENT_5: f32 = (LN2 / 1 * (LN2 / 2) * (LN2 / 3) * (LN2 / 4) * (LN2 / 5)) as f32;
const COEFFICIENT_6: f32 = (LN2 / 1 * (LN2 / 2) * (LN2 / 3) * (LN2 / 4) * (LN2 / 5) * (LN2 / 6)) as f32;
const COEFFICIENT_7: f32 = (LN2 / 1 * (LN2 / 2) * (LN2 / 3) * (LN2 / 4) * (LN2 / 5) * (LN2 / 6) * (LN2 / 7)) as f32;

/** The steps from 0 to the clip, a real number. */
@inline
function stepsOf(learned: usize, settings: usize): f32 {
  return min<f32>(max<f32>(exp2(load<f32>(learned) - 1) - 1, 1), load<f32>(settings, 4));
}

@inline
function clipOf(learned: usize): f32 {
  return exp2(load<f32>(learned, 4));
}

@inline
function scaleOf(clip: f32, steps: f32): f32 {
  const scale = clip / steps;
  return isFinite(scale) ? max<f32>(scale, 5.9604644775390625e-8) : NaN; // 2^-24
}

/** params [4, channels] */
export function learnedBitsParams(learned: usize, settings: usize, params: usize, channels: i32): void {
  const rowBytes = (channels as usize) << 2;
  memory.fill(params, 0, rowBytes << 2);
  const passes = load<f32>(settings, 8) == 0;
  const scale = clipOf(learned) / stepsOf(learned, settings);
  for (let c: usize = 0; c < rowBytes; c += 4) {
    if (passes) {
      store<f32>(params + c, 1);
      store<f32>(params + rowBytes + c, 1);
    } else {
      storeScale(params + c, params + rowBytes + c, scale);
      store<f32>(params + 3 * rowBytes + c, 1);
    }
  }
}

@inline
function clamped(values: v128, limit: v128): v128 {
  return f32x4.min(f32x4.max(values, f32x4.neg(limit)), limit);
}

/** q [n] from x [n]. */
export function quantizeLearnedBits(x: usize, learned: usize, settings: usize, q: usize, n: i32): void {
  const bytes = (n as usize) << 2;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(q, x, bytes);
    return;
  }
  const steps = stepsOf(learned, settings);
  const inverse = f32x4.splat(<f32>1 / scaleOf(clipOf(learned), steps));
  const levels = f32x4.splat(nearest(steps));
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16)
    v128.store(q + i, clamped(f32x4.nearest(f32x4.mul(v128.load(x + i), inverse)), levels));
  for (; i < bytes; i += 4)
    put(q + i, clamped(f32x4.nearest(f32x4.mul(get(x + i, false), inverse)), levels), false);
}

/** dx [n] from dq [n] and x [n]. */
export function quantizeLearnedBitsGradient(
  dq: usize, x: usize, learned: usize, settings: usize, dx: usize, n: i32,
): void {
  const bytes = (n as usize) << 2;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(dx, dq, bytes);
    return;
  }
  const clip = clipOf(learned);
  const inverse = f32x4.splat(<f32>1 / scaleOf(clip, stepsOf(learned, settings)));
  const limit = f32x4.splat(clip);
  for (let i: usize = 0; i < bytes; ) {
    const whole = i + 16 <= bytes;
    const inside = f32x4.le(f32x4.abs(get(x + i, whole)), limit);
    put(dx + i, v128.and(f32x4.mul(get(dq + i, whole), inverse), inside), whole);
    i += whole ? 16 : 4;
  }
}

/** gradient [2] of width and clip from dq [n] and x [n]. */
export function learnedBitsGradient(
  dq: usize, x: usize, learned: usize, settings: usize, gradient: usize, n: i32,
): void {
  store<f64>(gradient, 0);
  if (load<f32>(settings, 8) == 0) return;
  const bytes = (n as usize) << 2;
  const clip = clipOf(learned);
  const steps = stepsOf(learned, settings);
  const scale = scaleOf(clip, steps);
  const limit = f32x4.splat(clip);
  const inverse = f32x4.splat(<f32>1 / scale);
  const levels = f32x4.splat(nearest(steps));
  const signs = i32x4.splat(0x80000000);
  let byScale: f32 = 0;
  let byClip: f32 = 0;
  for (let block: usize = 0; block < bytes; block += BLOCK) {
    const end = min(block + BLOCK, bytes);
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let i = block;
    for (; i < end; ) {
      const whole = i + 16 <= end;
      const value = get(x + i, whole);
      let upstream = f32x4.mul(get(dq + i, whole), inverse);
      // A value that is left over stands in every lane, and counts in the first.
      if (!whole) upstream = f32x4.replace_lane(f32x4.splat(0), 0, f32x4.extract_lane(upstream, 0));
      const inside = clamped(value, limit);
      const position = f32x4.mul(inside, inverse);
      const q = clamped(f32x4.nearest(position), levels);
      a = f32x4.add(a, f32x4.mul(upstream, f32x4.sub(q, position)));
      const signed = v128.xor(upstream, v128.and(value, signs));
      b = f32x4.add(b, v128.and(signed, f32x4.ne(inside, value)));
      i += whole ? 16 : 4;
    }
    byScale += sumOfLanes(a);
    byClip += sumOfLanes(b);
  }
  const penalty = load<f32>(settings, 36);
  const byWidth = -(LN2 as f32) * ((steps + 1) / steps) * scale * byScale;
  let width = byWidth + penalty;
  if (steps >= load<f32>(settings, 4)) width = max<f32>(width, 0);
  else if (steps <= 1) width = min<f32>(byWidth, 0);
  store<f32>(gradient, width);
  store<f32>(gradient, (LN2 as f32) * (clip * byClip + scale * byScale), 4);
}
