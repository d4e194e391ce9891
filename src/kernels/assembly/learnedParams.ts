/** Parameters of quantizing by a rule that are learned: their gradients, and the scales that they make. See ../quantizeByRule/index.ts. */
import { storeLane } from './lanes';
import { storeScale } from './observe';
import { CLIP_DECAY, CLOSED, LSQ, LSQ_PLUS, PACT, SIGN, isStochastic, roundAt, signOf } from './quantizeByRuleParts';
import { streamOf } from './random';

/** Elements over which a float32 sum runs before it is added to the total. */
const BLOCK: usize = 1024;

/** What the first learned parameter, a step or clip, gets of the gradient of each value. */
@inline
function firstShare(
  dq: v128, x: v128, inverse: v128, zeroPoint: v128, mode: f32, rule: f32, qmin: v128, qmax: v128,
  stochastic: bool, stream: v128, index: i32,
): v128 {
  const upstream = f32x4.mul(dq, inverse);
  if (mode == SIGN) return f32x4.mul(upstream, signOf(x));
  const position = f32x4.mul(x, inverse);
  const p = f32x4.add(position, zeroPoint);
  const above = f32x4.ge(p, qmax);
  if (rule == PACT) return v128.and(upstream, above);
  const below = f32x4.le(p, qmin);
  let end = v128.bitselect(qmin, qmax, below);
  if (rule != LSQ_PLUS) end = f32x4.sub(end, zeroPoint);
  const error = f32x4.sub(roundAt(position, stochastic, stream, index), position);
  return f32x4.mul(upstream, v128.bitselect(end, error, v128.or(above, below)));
}

/** What the offset gets. */
@inline
function secondShare(dq: v128, x: v128, inverse: v128, zeroPoint: v128, qmin: v128, qmax: v128): v128 {
  const p = f32x4.add(f32x4.mul(x, inverse), zeroPoint);
  return v128.and(f32x4.mul(dq, inverse), v128.or(f32x4.ge(p, qmax), f32x4.le(p, qmin)));
}

@inline
function sumOf(values: v128): f32 {
  return (
    f32x4.extract_lane(values, 0) + f32x4.extract_lane(values, 1) +
    (f32x4.extract_lane(values, 2) + f32x4.extract_lane(values, 3))
  );
}

/** gradient [length] of the learned parameters; workspace [2, channels] */
export function learnedGradient(
  dq: usize, x: usize, params: usize, settings: usize, learned: usize, clock: usize, gradient: usize,
  workspace: usize, n: i32, channels: i32, length: i32,
): void {
  memory.fill(gradient, 0, (length as usize) << 2);
  const mode = load<f32>(settings, 8);
  if (mode == 0) return;
  const bytes = (n as usize) << 2;
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const rule = load<f32>(settings, 16);
  const stochastic = isStochastic(settings, clock);
  const stream = streamOf(load<f32>(settings, 28), load<f32>(clock));
  const paramBytes = (channels as usize) << 2;
  const inverses = params + paramBytes;
  const zeroPoints = inverses + paramBytes;
  const sums = workspace;
  const partial = workspace + paramBytes;
  memory.fill(sums, 0, paramBytes);
  let second: f32 = 0;
  if (channels == 1) {
    const inverse = v128.load32_splat(inverses);
    const zeroPoint = v128.load32_splat(zeroPoints);
    let first: f32 = 0;
    for (let block: usize = 0; block < bytes; block += BLOCK << 2) {
      const end = min(block + (BLOCK << 2), bytes);
      let a = f32x4.splat(0);
      let b = f32x4.splat(0);
      let i = block;
      for (; i + 16 <= end; i += 16) {
        const d = v128.load(dq + i);
        const v = v128.load(x + i);
        a = f32x4.add(
          a, firstShare(d, v, inverse, zeroPoint, mode, rule, qmin, qmax, stochastic, stream, (i >> 2) as i32),
        );
        if (rule == LSQ_PLUS) b = f32x4.add(b, secondShare(d, v, inverse, zeroPoint, qmin, qmax));
      }
      first += sumOf(a);
      second += sumOf(b);
      for (; i < end; i += 4) {
        const d = v128.load32_splat(dq + i);
        const v = v128.load32_splat(x + i);
        first += f32x4.extract_lane(
          firstShare(d, v, inverse, zeroPoint, mode, rule, qmin, qmax, stochastic, stream, (i >> 2) as i32), 0,
        );
        if (rule == LSQ_PLUS)
          second += f32x4.extract_lane(secondShare(d, v, inverse, zeroPoint, qmin, qmax), 0);
      }
    }
    store<f32>(sums, first);
  } else {
    const rows = n / channels;
    for (let block = 0; block < rows; block += 256) {
      memory.fill(partial, 0, paramBytes);
      const last = min(block + 256, rows);
      for (let row = block; row < last; row++) {
        const start = (row as usize) * paramBytes;
        let c: usize = 0;
        for (; c + 16 <= paramBytes; c += 16) {
          const share = firstShare(
            v128.load(dq + start + c), v128.load(x + start + c), v128.load(inverses + c), v128.load(zeroPoints + c),
            mode, rule, qmin, qmax, stochastic, stream, ((start + c) >> 2) as i32,
          );
          v128.store(partial + c, f32x4.add(v128.load(partial + c), share));
        }
        for (; c < paramBytes; c += 4) {
          const share = firstShare(
            v128.load32_splat(dq + start + c), v128.load32_splat(x + start + c), v128.load32_splat(inverses + c),
            v128.load32_splat(zeroPoints + c), mode, rule, qmin, qmax, stochastic, stream, ((start + c) >> 2) as i32,
          );
          storeLane(partial + c, f32x4.add(v128.load32_splat(partial + c), share));
        }
      }
      for (let c: usize = 0; c < paramBytes; c += 4)
        store<f32>(sums + c, load<f32>(sums + c) + load<f32>(partial + c));
    }
  }
  if (load<f32>(settings, 12) == 0) {
    let total: f32 = 0;
    for (let c: usize = 0; c < paramBytes; c += 4) total += load<f32>(sums + c);
    for (let c: usize = 0; c < paramBytes; c += 4) store<f32>(sums + c, total);
  }
  const zeroPoint: f32 = length > channels && rule == LSQ ? load<f32>(learned + paramBytes) : 0;
  const levels: f32 = mode == SIGN ? 1 : max<f32>(load<f32>(settings, 4) - zeroPoint, 1);
  const share: f32 = rule == PACT ? 1 : <f32>1 / sqrt<f32>(load<f32>(settings, 32) * levels);
  for (let c: usize = 0; c < paramBytes; c += 4) store<f32>(gradient + c, load<f32>(sums + c) * share);
  if (rule == PACT) store<f32>(gradient, load<f32>(gradient) + CLIP_DECAY * load<f32>(learned));
  if (rule == LSQ_PLUS) store<f32>(gradient, second * share, 4);
}

/** params [4, channels] from learned [length] */
export function learnedParams(learned: usize, settings: usize, params: usize, length: i32, channels: i32): void {
  const rowBytes = (channels as usize) << 2;
  memory.fill(params, 0, rowBytes << 2);
  const mode = load<f32>(settings, 8);
  if (mode == 0) {
    for (let c: usize = 0; c < 2 * rowBytes; c += 4) store<f32>(params + c, 1);
    return;
  }
  const qmin = load<f32>(settings);
  const qmax = load<f32>(settings, 4);
  const rule = load<f32>(settings, 16);
  for (let c: usize = 0; c < rowBytes; c += 4) {
    let scale = load<f32>(learned + c);
    if (rule == PACT || rule == CLOSED) scale = max<f32>(load<f32>(learned), 5.9604644775390625e-8) / qmax;
    storeScale(params + c, params + rowBytes + c, scale);
    let zeroPoint: f32 = 0;
    if (rule == LSQ && length > channels) zeroPoint = load<f32>(learned + rowBytes);
    if (rule == LSQ_PLUS)
      zeroPoint = min(max(-nearest(load<f32>(learned, 4) * load<f32>(params + rowBytes + c)), qmin), qmax);
    store<f32>(params + 2 * rowBytes + c, zeroPoint);
    store<f32>(params + 3 * rowBytes + c, 1);
  }
}
