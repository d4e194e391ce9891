/** Steps of the optimizers, in place. See ../optimizer/index.ts. */
import { get, put, storeLane } from './lanes';
import { affineGradient, gridGradient, leastInside, signGradient } from './quantize';

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

/** x / divisor; a division by 1 changes nothing and is left out. `divides` is a constant. */
@inline
function corrected(x: v128, divisor: v128, divides: bool): v128 {
  return divides ? f32x4.div(x, divisor) : x;
}

// How the gradient of a weight comes: as it is, or as that of the weight rounded per channel, on a grid, on one whose zero
// points are all 0, or to its sign.
const PLAIN: i32 = 0;
const GRID: i32 = 1;
const CENTRED: i32 = 2;
const SIGN: i32 = 3;

/** One or four weights, moments and all, `i` bytes into their tensors. Constants: corrects1, corrects2, rounding, whole. */
@inline
function adamAt(
  corrects1: bool, corrects2: bool, rounding: i32, w: usize, g: usize, m: usize, v: usize,
  learningRate: v128, beta1: v128, beta2: v128, epsilon: v128, rest1: v128, rest2: v128,
  correction1: v128, correction2: v128, inverse: usize, zeroPoint: usize, least: v128, greatest: v128, whole: bool,
): void {
  const from = get(w, whole);
  let gradient = get(g, whole);
  if (rounding == GRID)
    gradient = affineGradient(gradient, from, get(inverse, whole), get(zeroPoint, whole), least, greatest);
  if (rounding == CENTRED) gradient = gridGradient(gradient, from, get(inverse, whole), least, greatest);
  if (rounding == SIGN) gradient = signGradient(gradient, from, get(inverse, whole));
  const first = moment1(get(m, whole), gradient, beta1, rest1);
  const second = moment2(get(v, whole), gradient, beta2, rest2);
  put(m, first, whole);
  put(v, second, whole);
  const spread = f32x4.add(f32x4.sqrt(corrected(second, correction2, corrects2)), epsilon);
  const step = f32x4.mul(learningRate, corrected(first, correction1, corrects1));
  put(w, f32x4.sub(from, f32x4.div(step, spread)), whole);
}

/** Constants: corrects1 and corrects2, false where a correction has become 1, and rounding. */
@inline
function adamRows(
  corrects1: bool, corrects2: bool, rounding: i32, w: usize, g: usize, m: usize, v: usize, hyper: usize,
  params: usize, settings: usize, rows: i32, channels: i32,
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
  let least = one, greatest = one;
  if (rounding == GRID) {
    least = v128.load32_splat(settings);
    greatest = v128.load32_splat(settings, 4);
  }
  if (rounding == CENTRED) {
    least = f32x4.splat(leastInside(load<f32>(settings), 0));
    greatest = f32x4.splat(-leastInside(-load<f32>(settings, 4), 0));
  }
  const rowBytes = (channels as usize) << 2;
  const end = (rows as usize) * rowBytes;
  for (let row: usize = 0; row < end; row += rowBytes) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) {
      const i = row + c, inverse = params + rowBytes + c;
      adamAt(
        corrects1, corrects2, rounding, w + i, g + i, m + i, v + i, learningRate, beta1, beta2, epsilon, rest1, rest2,
        correction1, correction2, inverse, inverse + rowBytes, least, greatest, true,
      );
    }
    for (; c < rowBytes; c += 4) {
      const i = row + c, inverse = params + rowBytes + c;
      adamAt(
        corrects1, corrects2, rounding, w + i, g + i, m + i, v + i, learningRate, beta1, beta2, epsilon, rest1, rest2,
        correction1, correction2, inverse, inverse + rowBytes, least, greatest, false,
      );
    }
  }
}

/** The divisions take the most time: 1 - beta^t is 1 in float32 from some step on, for beta1 = 0.9 from the 160th. */
@inline
function adam(
  rounding: i32, w: usize, g: usize, m: usize, v: usize, hyper: usize, params: usize, settings: usize,
  rows: i32, channels: i32,
): void {
  const corrects1 = <f32>1 - load<f32>(hyper, 16) != 1, corrects2 = <f32>1 - load<f32>(hyper, 20) != 1;
  if (corrects1) adamRows(true, true, rounding, w, g, m, v, hyper, params, settings, rows, channels);
  else if (corrects2) adamRows(false, true, rounding, w, g, m, v, hyper, params, settings, rows, channels);
  else adamRows(false, false, rounding, w, g, m, v, hyper, params, settings, rows, channels);
}

/** w, m, v [n] moved by the gradient g [n] */
export function adamStep(w: usize, g: usize, m: usize, v: usize, hyper: usize, n: i32): void {
  adam(PLAIN, w, g, m, v, hyper, 0, 0, 1, n);
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
  else if (mode == 2) adamRows(true, true, SIGN, w, dq, m, v, hyper, params, settings, rows, channels);
  else if (centred(params, channels)) adam(CENTRED, w, dq, m, v, hyper, params, settings, rows, channels);
  else adamRows(true, true, GRID, w, dq, m, v, hyper, params, settings, rows, channels);
}

/** Whether all zero points are 0. */
function centred(params: usize, channels: i32): bool {
  const rowBytes = (channels as usize) << 2;
  for (let at = params + 2 * rowBytes; at < params + 3 * rowBytes; at += 4) if (load<f32>(at) != 0) return false;
  return true;
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
