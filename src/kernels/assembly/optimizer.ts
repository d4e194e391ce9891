/** Steps of the optimizers, in place. See ../optimizer/index.ts. */
import { storeLane } from './lanes';
import { affineGradient, signGradient } from './quantize';

/** hyper [6]: learningRate, beta1, beta2, epsilon, beta1^t, beta2^t */
export function adamTick(hyper: usize): void {
  store<f32>(hyper, load<f32>(hyper, 16) * load<f32>(hyper, 4), 16);
  store<f32>(hyper, load<f32>(hyper, 20) * load<f32>(hyper, 8), 20);
}

/** The new first moment. */
@inline
function moment1(m: v128, g: v128, beta: v128, rest: v128): v128 {
  return f32x4.add(f32x4.mul(beta, m), f32x4.mul(rest, g));
}

/** The new second moment. */
@inline
function moment2(v: v128, g: v128, beta: v128, rest: v128): v128 {
  return f32x4.add(f32x4.mul(beta, v), f32x4.mul(rest, f32x4.mul(g, g)));
}

@inline
function moved(
  w: v128, m: v128, v: v128, learningRate: v128, epsilon: v128, correction1: v128, correction2: v128,
): v128 {
  const spread = f32x4.add(f32x4.sqrt(f32x4.div(v, correction2)), epsilon);
  return f32x4.sub(w, f32x4.div(f32x4.mul(learningRate, f32x4.div(m, correction1)), spread));
}

/** w, m, v [n] moved by the gradient g [n] */
export function adamStep(w: usize, g: usize, m: usize, v: usize, hyper: usize, n: i32): void {
  const one = f32x4.splat(1);
  const learningRate = v128.load32_splat(hyper);
  const beta1 = v128.load32_splat(hyper, 4);
  const beta2 = v128.load32_splat(hyper, 8);
  const epsilon = v128.load32_splat(hyper, 12);
  const rest1 = f32x4.sub(one, beta1);
  const rest2 = f32x4.sub(one, beta2);
  const correction1 = f32x4.sub(one, v128.load32_splat(hyper, 16));
  const correction2 = f32x4.sub(one, v128.load32_splat(hyper, 20));
  const bytes = (n as usize) << 2;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const gradient = v128.load(g + i);
    const first = moment1(v128.load(m + i), gradient, beta1, rest1);
    const second = moment2(v128.load(v + i), gradient, beta2, rest2);
    v128.store(m + i, first);
    v128.store(v + i, second);
    const from = v128.load(w + i);
    v128.store(w + i, moved(from, first, second, learningRate, epsilon, correction1, correction2));
  }
  for (; i < bytes; i += 4) {
    const gradient = v128.load32_splat(g + i);
    const first = moment1(v128.load32_splat(m + i), gradient, beta1, rest1);
    const second = moment2(v128.load32_splat(v + i), gradient, beta2, rest2);
    storeLane(m + i, first);
    storeLane(v + i, second);
    const from = v128.load32_splat(w + i);
    storeLane(w + i, moved(from, first, second, learningRate, epsilon, correction1, correction2));
  }
}

/** @param signs weights rounded to their signs, else to a grid; a constant */
@inline
function adamOfRounded(
  signs: bool, w: usize, dq: usize, m: usize, v: usize, hyper: usize, params: usize, settings: usize,
  rows: i32, channels: i32,
): void {
  const one = f32x4.splat(1);
  const learningRate = v128.load32_splat(hyper);
  const beta1 = v128.load32_splat(hyper, 4);
  const beta2 = v128.load32_splat(hyper, 8);
  const epsilon = v128.load32_splat(hyper, 12);
  const rest1 = f32x4.sub(one, beta1);
  const rest2 = f32x4.sub(one, beta2);
  const correction1 = f32x4.sub(one, v128.load32_splat(hyper, 16));
  const correction2 = f32x4.sub(one, v128.load32_splat(hyper, 20));
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const rowBytes = (channels as usize) << 2;
  const inverses = params + rowBytes;
  const zeroPoints = inverses + rowBytes;
  const end = (rows as usize) * rowBytes;
  for (let row: usize = 0; row < end; row += rowBytes) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const i = row + c;
      const from = v128.load(w + i);
      const upstream = v128.load(dq + i);
      const inverse = v128.load(inverses + c);
      const g = signs
        ? signGradient(upstream, from, inverse)
        : affineGradient(upstream, from, inverse, v128.load(zeroPoints + c), qmin, qmax);
      const first = moment1(v128.load(m + i), g, beta1, rest1);
      const second = moment2(v128.load(v + i), g, beta2, rest2);
      v128.store(m + i, first);
      v128.store(v + i, second);
      v128.store(w + i, moved(from, first, second, learningRate, epsilon, correction1, correction2));
    }
    for (; c < rowBytes; c += 4) {
      const i = row + c;
      const from = v128.load32_splat(w + i);
      const upstream = v128.load32_splat(dq + i);
      const inverse = v128.load32_splat(inverses + c);
      const g = signs
        ? signGradient(upstream, from, inverse)
        : affineGradient(upstream, from, inverse, v128.load32_splat(zeroPoints + c), qmin, qmax);
      const first = moment1(v128.load32_splat(m + i), g, beta1, rest1);
      const second = moment2(v128.load32_splat(v + i), g, beta2, rest2);
      storeLane(m + i, first);
      storeLane(v + i, second);
      storeLane(w + i, moved(from, first, second, learningRate, epsilon, correction1, correction2));
    }
  }
}

/**
 * adamStep with the gradient of rounded weights, dq [rows, channels], taken through their rounding on the way
 * (./quantize.ts); params [4, channels]. For recorded steps: ../fusedLaunches.ts.
 */
export function adamStepRounded(
  w: usize, dq: usize, m: usize, v: usize, hyper: usize, params: usize, settings: usize, rows: i32, channels: i32,
): void {
  const mode = load<f32>(settings, 8);
  if (mode == 0) adamStep(w, dq, m, v, hyper, rows * channels);
  else if (mode == 2) adamOfRounded(true, w, dq, m, v, hyper, params, settings, rows, channels);
  else adamOfRounded(false, w, dq, m, v, hyper, params, settings, rows, channels);
}

/** w, velocity [n] moved by the gradient g [n]; hyper [2]: learningRate, momentum */
export function sgdStep(w: usize, g: usize, velocity: usize, hyper: usize, n: i32): void {
  const learningRate = v128.load32_splat(hyper);
  const momentum = v128.load32_splat(hyper, 4);
  const bytes = (n as usize) << 2;
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const next = f32x4.add(f32x4.mul(momentum, v128.load(velocity + i)), v128.load(g + i));
    v128.store(velocity + i, next);
    v128.store(w + i, f32x4.sub(v128.load(w + i), f32x4.mul(learningRate, next)));
  }
  for (; i < bytes; i += 4) {
    const next = f32x4.add(f32x4.mul(momentum, v128.load32_splat(velocity + i)), v128.load32_splat(g + i));
    storeLane(velocity + i, next);
    storeLane(w + i, f32x4.sub(v128.load32_splat(w + i), f32x4.mul(learningRate, next)));
  }
}
