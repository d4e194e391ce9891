/** Oscillation of quantized weights: tracking, freezing, damping. See ../oscillation/index.ts and its constants.ts. */
import { storeLane } from './lanes';

const SIGN: f32 = 2;
const FREEZE: f32 = 2;
const IDLE: f32 = 3;
const SLACK: f32 = 0.25;

/** Four values, or one in every lane at the end of a row. */
@inline
function read(at: usize, wide: bool): v128 {
  return wide ? v128.load(at) : v128.load32_splat(at);
}
@inline
function write(at: usize, value: v128, wide: bool): void {
  if (wide) v128.store(at, value);
  else storeLane(at, value);
}

@inline
function isNumber(x: v128): v128 {
  return f32x4.eq(x, x);
}

/** The sign of x, as a float. */
@inline
function signOf(x: v128): v128 {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  return f32x4.sub(v128.and(one, f32x4.gt(x, zero)), v128.and(one, f32x4.lt(x, zero)));
}

/** One or four weights, `at` bytes into every row of the state; `w` and `level` are addresses of their own. */
@inline
function trackAt(
  w: usize, level: usize, scale: v128, inverse: v128, qmin: v128, qmax: v128, state: usize, rowBytes: usize,
  isSign: bool, freezes: bool, threshold: v128, momentum: v128, wide: bool,
): void {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  const nan = f32x4.splat(NaN);
  const rest = f32x4.sub(one, momentum);
  const directionAt = state + rowBytes;
  const frequencyAt = directionAt + rowBytes;
  const meanAt = frequencyAt + rowBytes;
  const pinnedAt = meanAt + rowBytes;
  const changesAt = pinnedAt + rowBytes;
  const now = read(level, wide);
  const before = read(state, wide);
  write(state, now, wide);
  const known = v128.and(isNumber(before), isNumber(now));

  const change = signOf(f32x4.sub(now, before));
  const direction = read(directionAt, wide);
  const changed = f32x4.ne(change, zero);
  const turned = v128.and(one, f32x4.lt(f32x4.mul(change, direction), zero));
  const frequency = v128.and(
    known,
    f32x4.add(f32x4.mul(momentum, turned), f32x4.mul(rest, read(frequencyAt, wide))),
  );
  write(frequencyAt, frequency, wide);
  write(directionAt, v128.and(known, v128.bitselect(change, direction, changed)), wide);
  write(
    changesAt,
    v128.and(known, f32x4.add(read(changesAt, wide), v128.and(one, changed))),
    wide,
  );

  const average = read(meanAt, wide);
  let mean = f32x4.add(f32x4.mul(momentum, now), f32x4.mul(rest, average));
  let pinned = nan;
  if (freezes) {
    const held = read(pinnedAt, wide);
    const was = v128.and(known, isNumber(held));
    const freshly = v128.andnot(v128.and(known, f32x4.gt(frequency, threshold)), was);
    mean = v128.bitselect(average, mean, was);
    const settled = isSign
      ? v128.bitselect(one, f32x4.splat(-1), f32x4.ge(mean, zero))
      : f32x4.nearest(mean);
    mean = v128.bitselect(settled, mean, freshly);
    const frozen = v128.or(was, freshly);
    const position = f32x4.min(f32x4.max(f32x4.mul(held, inverse), qmin), qmax);
    const leaves = f32x4.gt(f32x4.abs(f32x4.sub(position, mean)), f32x4.splat(SLACK));
    const moves = v128.or(freshly, leaves);
    pinned = v128.bitselect(v128.bitselect(f32x4.mul(mean, scale), held, moves), nan, frozen);
    write(w, v128.bitselect(pinned, read(w, wide), frozen), wide);
  }
  write(meanAt, v128.bitselect(mean, now, known), wide);
  // Most often there was nothing to release, and reading costs less than writing.
  if (freezes || !wide || v128.any_true(isNumber(v128.load(pinnedAt)))) write(pinnedAt, pinned, wide);
}

/**
 * Four weights that keep their levels, none of them frozen: nothing but averages changes then, and what stays the same is
 * not written, since the state is far larger than the caches.
 * @returns false, having done nothing, where the weights are not so
 */
@inline
function settled(level: usize, state: usize, rowBytes: usize, momentum: v128): bool {
  const now = v128.load(level);
  if (!i32x4.all_true(v128.and(i32x4.eq(now, v128.load(state)), isNumber(now)))) return false;
  const frequencyAt = state + 2 * rowBytes;
  const meanAt = frequencyAt + rowBytes;
  if (v128.any_true(isNumber(v128.load(meanAt + rowBytes)))) return false;
  const keeps = f32x4.sub(f32x4.splat(1), momentum);
  const frequency = v128.load(frequencyAt);
  if (v128.any_true(frequency)) v128.store(frequencyAt, f32x4.mul(keeps, frequency));
  const average = v128.load(meanAt);
  const mean = f32x4.add(f32x4.mul(momentum, now), f32x4.mul(keeps, average));
  if (v128.any_true(v128.xor(mean, average))) v128.store(meanAt, mean);
  return true;
}

/**
 * w, levels [n]; params [4, channels], where channels divides n and is the length of the last axis, or 1; control [6];
 * state [6, n]
 */
export function trackOscillation(
  w: usize, levels: usize, params: usize, settings: usize, control: usize, state: usize,
  n: i32, channels: i32,
): void {
  if (load<f32>(control) == IDLE) return;
  const isSign = load<f32>(settings, 8) == SIGN;
  const freezes = load<f32>(control) == FREEZE;
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const momentum = v128.load32_splat(control, 4);
  const threshold = v128.load32_splat(control, 8);
  const inverses = params + ((channels as usize) << 2);
  const bytes = (n as usize) << 2;
  const lineBytes = channels == 1 ? bytes : (channels as usize) << 2;
  for (let line: usize = 0; line < bytes; line += lineBytes) {
    let c: usize = 0;
    for (; c + 16 <= lineBytes; c += 16) {
      const i = line + c;
      if (!freezes && settled(levels + i, state + i, bytes, momentum)) continue;
      const scale = channels == 1 ? v128.load32_splat(params) : v128.load(params + c);
      const inverse = channels == 1 ? v128.load32_splat(inverses) : v128.load(inverses + c);
      trackAt(
        w + i, levels + i, scale, inverse, qmin, qmax, state + i, bytes,
        isSign, freezes, threshold, momentum, true,
      );
    }
    for (; c < lineBytes; c += 4) {
      const i = line + c;
      const scale = v128.load32_splat(channels == 1 ? params : params + c);
      const inverse = v128.load32_splat(channels == 1 ? inverses : inverses + c);
      trackAt(
        w + i, levels + i, scale, inverse, qmin, qmax, state + i, bytes,
        isSign, freezes, threshold, momentum, false,
      );
    }
  }
}

/** lambda sin^2(pi / 2 x), where x goes from 0 to 1 while it rises; control [6], clock [1] */
function presentLambda(control: usize, clock: usize): f32 {
  const passed: f32 = (load<f32>(clock) - load<f32>(control, 20)) / load<f32>(control, 16);
  const y: f32 = min<f32>(max<f32>(passed, 0), 1) * 1.5707963705062866;
  const square: f32 = y * y;
  let sum: f32 = -2.5052107943679403e-8 * square;
  sum = (sum + 2.7557318844628753e-6) * square;
  sum = (sum - 1.9841270113829523e-4) * square;
  sum = (sum + 8.333333767950535e-3) * square;
  sum = (sum - 0.1666666716337204) * square;
  const sine: f32 = y * (1 + sum);
  return load<f32>(control, 12) * (sine * sine);
}

@inline
function dampAt(
  g: usize, w: usize, level: usize, scale: v128, qmin: v128, qmax: v128, twice: v128, damped: usize, wide: bool,
): void {
  const value = read(w, wide);
  const gradient = read(g, wide);
  const clipped = v128.or(
    f32x4.lt(value, f32x4.mul(scale, qmin)),
    f32x4.gt(value, f32x4.mul(scale, qmax)),
  );
  const error = f32x4.sub(value, f32x4.mul(scale, read(level, wide)));
  const sum = f32x4.add(gradient, f32x4.mul(twice, error));
  write(damped, v128.bitselect(gradient, sum, clipped), wide);
}

/** damped [n] from g, w, levels [n]; the others as for trackOscillation, clock [1] */
export function dampGradient(
  g: usize, w: usize, levels: usize, params: usize, settings: usize, control: usize, clock: usize, damped: usize,
  n: i32, channels: i32,
): void {
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const twice = f32x4.splat(2 * presentLambda(control, clock));
  const bytes = (n as usize) << 2;
  const lineBytes = channels == 1 ? bytes : (channels as usize) << 2;
  for (let line: usize = 0; line < bytes; line += lineBytes) {
    let c: usize = 0;
    for (; c + 16 <= lineBytes; c += 16) {
      const i = line + c;
      const scale = channels == 1 ? v128.load32_splat(params) : v128.load(params + c);
      dampAt(g + i, w + i, levels + i, scale, qmin, qmax, twice, damped + i, true);
    }
    for (; c < lineBytes; c += 4) {
      const i = line + c;
      const scale = v128.load32_splat(channels == 1 ? params : params + c);
      dampAt(g + i, w + i, levels + i, scale, qmin, qmax, twice, damped + i, false);
    }
  }
}
