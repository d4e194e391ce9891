/** Layer normalization and its gradient. See ../layerNorm/index.ts; the order of sums is that of ../rowSum.ts. */
import { get, put, sumOfLanes } from './lanes';

const EPSILON: f32 = 1e-5;
/** Rows over which gradients of gamma and beta are summed before they are added to the totals. */
const BLOCK: i32 = 256;

@inline
function meanOf(row: usize, rowBytes: usize, length: f32): f32 {
  let lanes = f32x4.splat(0);
  let c: usize = 0;
  for (; c + 16 <= rowBytes; c += 16) lanes = f32x4.add(lanes, v128.load(row + c));
  let sum = sumOfLanes(lanes);
  for (; c < rowBytes; c += 4) sum += load<f32>(row + c);
  return sum / length;
}

/** 1 / sqrt(variance + epsilon) */
@inline
function inverseDeviation(row: usize, rowBytes: usize, length: f32, mean: f32): f32 {
  const means = f32x4.splat(mean);
  let lanes = f32x4.splat(0);
  let c: usize = 0;
  for (; c + 16 <= rowBytes; c += 16) {
    const difference = f32x4.sub(v128.load(row + c), means);
    lanes = f32x4.add(lanes, f32x4.mul(difference, difference));
  }
  let sum = sumOfLanes(lanes);
  for (; c < rowBytes; c += 4) {
    const difference = load<f32>(row + c) - mean;
    sum += difference * difference;
  }
  return 1 / sqrt<f32>(sum / length + EPSILON);
}

@inline
function normalizeAt(x: usize, gamma: usize, beta: usize, y: usize, c: usize, mean: v128, inverse: v128, whole: bool): void {
  const normalized = f32x4.mul(f32x4.sub(get(x + c, whole), mean), inverse);
  put(y + c, f32x4.add(f32x4.mul(normalized, get(gamma + c, whole)), get(beta + c, whole)), whole);
}

/** y [rows, depth] of x [rows, depth], gamma [depth], beta [depth] */
export function layerNorm(x: usize, gamma: usize, beta: usize, y: usize, rows: i32, depth: i32): void {
  const rowBytes = (depth as usize) << 2;
  for (let row = 0; row < rows; row++) {
    const mean = meanOf(x, rowBytes, depth as f32);
    const inverse = f32x4.splat(inverseDeviation(x, rowBytes, depth as f32, mean));
    const means = f32x4.splat(mean);
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16) normalizeAt(x, gamma, beta, y, c, means, inverse, true);
    for (; c < rowBytes; c += 4) normalizeAt(x, gamma, beta, y, c, means, inverse, false);
    x += rowBytes;
    y += rowBytes;
  }
}

/** Adds this row's part to the gradients of gamma and beta, and leaves dy * gamma in dx. */
@inline
function collectAt(
  dy: usize, x: usize, gamma: usize, dx: usize, gammaSums: usize, betaSums: usize, c: usize, mean: v128, inverse: v128,
  whole: bool,
): v128 {
  const upstream = get(dy + c, whole);
  const normalized = f32x4.mul(f32x4.sub(get(x + c, whole), mean), inverse);
  put(betaSums + c, f32x4.add(get(betaSums + c, whole), upstream), whole);
  put(gammaSums + c, f32x4.add(get(gammaSums + c, whole), f32x4.mul(upstream, normalized)), whole);
  put(dx + c, f32x4.mul(upstream, get(gamma + c, whole)), whole);
  return normalized;
}

@inline
function finishAt(x: usize, dx: usize, c: usize, mean: v128, inverse: v128, first: v128, second: v128, whole: bool): void {
  const normalized = f32x4.mul(f32x4.sub(get(x + c, whole), mean), inverse);
  const centred = f32x4.sub(f32x4.sub(get(dx + c, whole), first), f32x4.mul(normalized, second));
  put(dx + c, f32x4.mul(inverse, centred), whole);
}

/**
 * dx [rows, depth], dgamma [depth], dbeta [depth]; `sums` holds 2 * depth floats
 * @param step if not 0, the sums over each block of rows are stored by themselves, these many bytes apart
 */
export function layerNormGradient(
  dy: usize, x: usize, gamma: usize, dx: usize, dgamma: usize, dbeta: usize, sums: usize, rows: i32, depth: i32,
  step: usize,
): void {
  const rowBytes = (depth as usize) << 2;
  const length = depth as f32;
  const betaSums = sums + rowBytes;
  memory.fill(dgamma, 0, rowBytes);
  memory.fill(dbeta, 0, rowBytes);
  for (let block = 0; block < rows; block += BLOCK) {
    memory.fill(sums, 0, 2 * rowBytes);
    if (step && block > 0) {
      memory.fill(dgamma, 0, rowBytes);
      memory.fill(dbeta, 0, rowBytes);
    }
    const end = min(block + BLOCK, rows);
    for (let row = block; row < end; row++) {
      const mean = meanOf(x, rowBytes, length);
      const means = f32x4.splat(mean);
      const inverse = f32x4.splat(inverseDeviation(x, rowBytes, length, mean));
      let firsts = f32x4.splat(0), seconds = f32x4.splat(0);
      let c: usize = 0;
      for (; c + 16 <= rowBytes; c += 16) {
        const normalized = collectAt(dy, x, gamma, dx, sums, betaSums, c, means, inverse, true);
        firsts = f32x4.add(firsts, v128.load(dx + c));
        seconds = f32x4.add(seconds, f32x4.mul(v128.load(dx + c), normalized));
      }
      let first = sumOfLanes(firsts), second = sumOfLanes(seconds);
      for (; c < rowBytes; c += 4) {
        const normalized = collectAt(dy, x, gamma, dx, sums, betaSums, c, means, inverse, false);
        first += load<f32>(dx + c);
        second += load<f32>(dx + c) * f32x4.extract_lane(normalized, 0);
      }
      const firstMean = f32x4.splat(first / length), secondMean = f32x4.splat(second / length);
      c = 0;
      for (; c + 16 <= rowBytes; c += 16) finishAt(x, dx, c, means, inverse, firstMean, secondMean, true);
      for (; c < rowBytes; c += 4) finishAt(x, dx, c, means, inverse, firstMean, secondMean, false);
      dy += rowBytes;
      x += rowBytes;
      dx += rowBytes;
    }
    for (let c: usize = 0; c < rowBytes; c += 4) {
      store<f32>(dgamma + c, load<f32>(dgamma + c) + load<f32>(sums + c));
      store<f32>(dbeta + c, load<f32>(dbeta + c) + load<f32>(betaSums + c));
    }
    dgamma += step;
    dbeta += step;
  }
}
