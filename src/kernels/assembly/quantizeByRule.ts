/** Quantization with a choice of rounding and gradient. See ../quantizeByRule/index.ts. */
import { copyFloats, storeLane, tanh4 } from './lanes';
import {
  CLIP, CLOSED, EVERYWHERE, EWGS, EWGS_DELTA, NONE, SIGN, SOFT, SOFT_NORM, SOFT_STEEPNESS, TANH, clamp, isStochastic, positionOf, roundAt, signOf,
} from './quantizeByRuleParts';
import { streamOf } from './random';

@inline
function half(error: v128): v128 {
  return clamp(error, f32x4.splat(-0.5), f32x4.splat(0.5));
}

@inline
function quantized(
  x: v128, inverse: v128, zeroPoint: v128, mode: f32, qmin: v128, qmax: v128, stochastic: bool, stream: v128,
  index: i32,
): v128 {
  let q: v128;
  if (mode == SIGN) q = signOf(x);
  else {
    const halfway = f32x4.mul(qmax, f32x4.splat(0.5));
    const rounded = roundAt(positionOf(x, inverse, mode == TANH, halfway), stochastic, stream, index);
    if (mode == TANH) {
      const level = clamp(rounded, f32x4.splat(0), qmax);
      q = f32x4.sub(f32x4.add(level, level), qmax);
    } else q = f32x4.sub(clamp(f32x4.add(rounded, zeroPoint), qmin, qmax), zeroPoint);
  }
  return v128.bitselect(q, x, f32x4.eq(x, x));
}

/** q [n] from x [n]; params [4, channels]; settings [9]; clock [1] */
export function quantizeByRule(
  x: usize, params: usize, settings: usize, clock: usize, q: usize, n: i32, channels: i32,
): void {
  const bytes = (n as usize) << 2;
  const mode = load<f32>(settings, 8);
  if (mode == 0) {
    copyFloats(q, x, bytes);
    return;
  }
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const stochastic = isStochastic(settings, clock);
  const stream = streamOf(load<f32>(settings, 28), load<f32>(clock));
  const paramBytes = (channels as usize) << 2;
  const inverses = params + paramBytes;
  const zeroPoints = inverses + paramBytes;
  const single = channels == 1;
  const rowBytes = single ? bytes : paramBytes;
  for (let row: usize = 0; row < bytes; row += rowBytes) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const inverse = single ? v128.load32_splat(inverses) : v128.load(inverses + c);
      const zeroPoint = single ? v128.load32_splat(zeroPoints) : v128.load(zeroPoints + c);
      const at = row + c;
      v128.store(
        q + at,
        quantized(v128.load(x + at), inverse, zeroPoint, mode, qmin, qmax, stochastic, stream, (at >> 2) as i32),
      );
    }
    for (; c < rowBytes; c += 4) {
      const from = single ? 0 : c;
      const at = row + c;
      storeLane(
        q + at,
        quantized(
          v128.load32_splat(x + at), v128.load32_splat(inverses + from), v128.load32_splat(zeroPoints + from),
          mode, qmin, qmax, stochastic, stream, (at >> 2) as i32,
        ),
      );
    }
  }
}

/** The factor of the estimator. */
@inline
function estimate(estimator: f32, upstream: v128, error: v128, middle: v128): v128 {
  const one = f32x4.splat(1);
  if (estimator == EWGS) {
    const zero = f32x4.splat(0);
    const positive = v128.and(f32x4.gt(upstream, zero), f32x4.splat(EWGS_DELTA));
    const negative = v128.and(f32x4.lt(upstream, zero), f32x4.splat(-EWGS_DELTA));
    return f32x4.add(one, f32x4.mul(f32x4.add(positive, negative), half(error)));
  }
  if (estimator == SOFT) {
    const t = tanh4(f32x4.mul(f32x4.splat(SOFT_STEEPNESS), half(middle)));
    return f32x4.mul(f32x4.splat(SOFT_NORM), f32x4.sub(one, f32x4.mul(t, t)));
  }
  return estimator == NONE ? f32x4.splat(0) : one;
}

@inline
function gradientAt(
  dq: v128, x: v128, scale: v128, inverse: v128, zeroPoint: v128, mode: f32, rule: f32, estimator: f32, qmin: v128,
  qmax: v128, stochastic: bool, stream: v128, index: i32,
): v128 {
  const known = f32x4.eq(x, x);
  const one = f32x4.splat(1);
  const halfOf = f32x4.splat(0.5);
  if (mode == SIGN) {
    const inside = rule == EVERYWHERE ? known : f32x4.le(f32x4.abs(x), one);
    const error = f32x4.mul(f32x4.sub(x, signOf(x)), halfOf);
    const factor = estimate(estimator, dq, error, f32x4.mul(x, halfOf));
    return v128.and(f32x4.mul(f32x4.mul(dq, inverse), factor), inside);
  }
  const position = positionOf(x, inverse, mode == TANH, f32x4.mul(qmax, halfOf));
  const middle = f32x4.sub(f32x4.sub(position, f32x4.floor(position)), halfOf);
  const rounded = roundAt(position, stochastic, stream, index);
  if (mode == TANH) {
    const t = tanh4(x);
    const slope = f32x4.mul(f32x4.add(inverse, inverse), f32x4.sub(one, f32x4.mul(t, t)));
    const factor = estimate(estimator, dq, f32x4.sub(position, rounded), middle);
    return v128.and(f32x4.mul(f32x4.mul(dq, slope), factor), known);
  }
  const p = f32x4.add(position, zeroPoint);
  const r = f32x4.add(rounded, zeroPoint);
  let inside = known;
  if (rule == CLIP) inside = v128.and(f32x4.ge(r, qmin), f32x4.le(r, qmax));
  else if (rule == CLOSED) inside = v128.and(f32x4.ge(p, qmin), f32x4.le(p, qmax));
  else if (rule != EVERYWHERE) inside = v128.and(f32x4.gt(p, qmin), f32x4.lt(p, qmax));
  const slope = rule == EVERYWHERE ? f32x4.div(one, scale) : inverse;
  const factor = estimate(estimator, dq, f32x4.sub(p, clamp(r, qmin, qmax)), middle);
  return v128.and(f32x4.mul(f32x4.mul(dq, slope), factor), inside);
}

/** dx [n] from dq [n] and x [n] */
export function quantizeByRuleGradient(
  dq: usize, x: usize, params: usize, settings: usize, clock: usize, dx: usize, n: i32, channels: i32,
): void {
  const bytes = (n as usize) << 2;
  const mode = load<f32>(settings, 8);
  if (mode == 0) {
    copyFloats(dx, dq, bytes);
    return;
  }
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const rule = load<f32>(settings, 16);
  const estimator = load<f32>(settings, 20);
  const stochastic = isStochastic(settings, clock);
  const stream = streamOf(load<f32>(settings, 28), load<f32>(clock));
  const paramBytes = (channels as usize) << 2;
  const inverses = params + paramBytes;
  const zeroPoints = inverses + paramBytes;
  const single = channels == 1;
  const rowBytes = single ? bytes : paramBytes;
  for (let row: usize = 0; row < bytes; row += rowBytes) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const scale = single ? v128.load32_splat(params) : v128.load(params + c);
      const inverse = single ? v128.load32_splat(inverses) : v128.load(inverses + c);
      const zeroPoint = single ? v128.load32_splat(zeroPoints) : v128.load(zeroPoints + c);
      const at = row + c;
      v128.store(
        dx + at,
        gradientAt(
          v128.load(dq + at), v128.load(x + at), scale, inverse, zeroPoint, mode, rule, estimator, qmin, qmax,
          stochastic, stream, (at >> 2) as i32,
        ),
      );
    }
    for (; c < rowBytes; c += 4) {
      const from = single ? 0 : c;
      const at = row + c;
      storeLane(
        dx + at,
        gradientAt(
          v128.load32_splat(dq + at), v128.load32_splat(x + at), v128.load32_splat(params + from),
          v128.load32_splat(inverses + from), v128.load32_splat(zeroPoints + from), mode, rule, estimator, qmin,
          qmax, stochastic, stream, (at >> 2) as i32,
        ),
      );
    }
  }
}

/** clock [1] += 1 */
export function advanceClock(clock: usize): void {
  store<f32>(clock, load<f32>(clock) + 1);
}
