/** Quantization parameters of weights by the methods beyond abs-max. See ../weightParams/methods. */
import { storeScale, takeMaxima, addMagnitudes } from './observe';
import { copyFloats, storeLane, tanh4 } from './lanes';

// As in ../weightParams/methods/constants.ts.
const CANDIDATES: i32 = 64;
const SMALLEST_FACTOR: f64 = 0.2;
const BINS: i32 = 2048;
const ONE_OUTLIER_IN: i32 = 100;
const TERNARY_THRESHOLD: f32 = 0.7;

/** Rows over which a float32 sum runs before it is added to the total. */
const BLOCK: i32 = 256;

/**
 * maxima, means [channels] of |w|, those of the whole tensor in every channel unless the settings say per channel.
 * @returns false if nothing is quantized: the parameters are then stored
 */
function moments(w: usize, settings: usize, params: usize, maxima: usize, rows: i32, channels: i32): bool {
  const rowBytes = (channels as usize) << 2;
  const means = maxima + rowBytes;
  memory.fill(params, 0, rowBytes << 2);
  if (load<f32>(settings, 8) == 0) {
    for (let c: usize = 0; c < 2 * rowBytes; c += 4) store<f32>(params + c, 1);
    return false;
  }
  const perChannel = load<f32>(settings, 12) == 1;
  memory.fill(maxima, 0, 2 * rowBytes);
  takeMaxima(w, maxima, rows, channels);
  for (let row = 0; row < rows; row += BLOCK) {
    memory.fill(params, 0, rowBytes);
    addMagnitudes(w + (row as usize) * rowBytes, params, min(BLOCK, rows - row), channels);
    for (let c: usize = 0; c < rowBytes; c += 4)
      store<f32>(means + c, load<f32>(means + c) + load<f32>(params + c));
  }
  let count = rows as f32;
  if (!perChannel) {
    let largest: f32 = 0;
    let sum: f32 = 0;
    for (let c: usize = 0; c < rowBytes; c += 4) {
      largest = max(largest, load<f32>(maxima + c));
      sum += load<f32>(means + c);
    }
    for (let c: usize = 0; c < rowBytes; c += 4) {
      store<f32>(maxima + c, largest);
      store<f32>(means + c, sum);
    }
    count = (rows * channels) as f32;
  }
  for (let c: usize = 0; c < rowBytes; c += 4) {
    store<f32>(means + c, load<f32>(means + c) / count);
    store<f32>(params + 3 * rowBytes + c, 1);
  }
  return true;
}

/** Stores the scale of channel c, and its inverse or another factor that takes a weight to the grid (0: the inverse). */
function storeParams(params: usize, c: usize, rowBytes: usize, absmax: f32, scale: f32, factor: f32): void {
  const found = isFinite(absmax) ? scale : NaN;
  storeScale(params + c, params + rowBytes + c, found);
  if (factor != 0 && isFinite(found)) store<f32>(params + rowBytes + c, factor);
}

/** The scales of 1-bit weights: their mean magnitude. @returns whether that is the mode */
function signScales(settings: usize, params: usize, maxima: usize, channels: i32): bool {
  if (load<f32>(settings, 8) != 2) return false;
  const rowBytes = (channels as usize) << 2;
  for (let c: usize = 0; c < rowBytes; c += 4)
    storeParams(params, c, rowBytes, load<f32>(maxima + c), load<f32>(maxima + rowBytes + c), 0);
  return true;
}

@inline
function factorOf(candidate: i32): f32 {
  return (SMALLEST_FACTOR + (1 - SMALLEST_FACTOR) * (candidate as f64) / ((CANDIDATES - 1) as f64)) as f32;
}

@inline
function squaredError(value: v128, inverse: v128, scale: v128, qmin: v128, qmax: v128): v128 {
  const q = f32x4.min(f32x4.max(f32x4.nearest(f32x4.mul(value, inverse)), qmin), qmax);
  const error = f32x4.sub(value, f32x4.mul(q, scale));
  return f32x4.mul(error, error);
}

@inline
function scalesOf(whole: v128, factor: f32): v128 {
  return f32x4.max(f32x4.mul(whole, f32x4.splat(factor)), f32x4.splat(5.9604644775390625e-8));
}

/** workspace: maxima, means [channels], errors [CANDIDATES, channels] */
export function weightParamsMse(
  w: usize, settings: usize, params: usize, workspace: usize, rows: i32, channels: i32,
): void {
  if (!moments(w, settings, params, workspace, rows, channels)) return;
  if (signScales(settings, params, workspace, channels)) return;
  const rowBytes = (channels as usize) << 2;
  const errors = workspace + 2 * rowBytes;
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const one = f32x4.splat(1);
  // Whole scales take the place of the maxima.
  for (let c: usize = 0; c < rowBytes; c += 4)
    store<f32>(workspace + c, load<f32>(workspace + c) / load<f32>(settings, 4));
  for (let c: usize = 0; c < rowBytes; ) {
    const wide = c + 16 <= rowBytes;
    const whole = wide ? v128.load(workspace + c) : v128.load32_splat(workspace + c);
    for (let k = 0; k < CANDIDATES; k++) {
      const scale = scalesOf(whole, factorOf(k));
      const inverse = f32x4.div(one, scale);
      let sum = f32x4.splat(0);
      let from = w + c;
      if (wide)
        for (let row = 0; row < rows; row++, from += rowBytes)
          sum = f32x4.add(sum, squaredError(v128.load(from), inverse, scale, qmin, qmax));
      else
        for (let row = 0; row < rows; row++, from += rowBytes)
          sum = f32x4.add(sum, squaredError(v128.load32_splat(from), inverse, scale, qmin, qmax));
      const to = errors + (k as usize) * rowBytes + c;
      if (wide) v128.store(to, sum);
      else storeLane(to, sum);
    }
    c += wide ? 16 : 4;
  }
  if (load<f32>(settings, 12) != 1)
    for (let k = 0; k < CANDIDATES; k++) {
      const row = errors + (k as usize) * rowBytes;
      let sum: f32 = 0;
      for (let c: usize = 0; c < rowBytes; c += 4) sum += load<f32>(row + c);
      for (let c: usize = 0; c < rowBytes; c += 4) store<f32>(row + c, sum);
    }
  for (let c: usize = 0; c < rowBytes; c += 4) {
    let least: f32 = Infinity;
    let best = CANDIDATES - 1;
    for (let k = 0; k < CANDIDATES; k++) {
      const error = load<f32>(errors + (k as usize) * rowBytes + c);
      if (error <= least) {
        least = error;
        best = k;
      }
    }
    const whole = load<f32>(workspace + c);
    storeParams(params, c, rowBytes, whole, whole * factorOf(best), 0);
  }
}

/** workspace: maxima, means [channels], histogram [BINS] */
export function weightParamsPercentile(
  w: usize, settings: usize, params: usize, workspace: usize, rows: i32, channels: i32,
): void {
  if (!moments(w, settings, params, workspace, rows, channels)) return;
  if (signScales(settings, params, workspace, channels)) return;
  const rowBytes = (channels as usize) << 2;
  const histogram = workspace + 2 * rowBytes;
  const perChannel = load<f32>(settings, 12) == 1;
  const count = perChannel ? rows : rows * channels;
  const stride: usize = perChannel ? rowBytes : 4;
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const absmax = load<f32>(workspace + c);
    if (!perChannel && c > 0) {
      storeParams(params, c, rowBytes, absmax, load<f32>(params), 0);
      continue;
    }
    memory.fill(histogram, 0, BINS << 2);
    const perUnit = (BINS as f32) / absmax;
    let from = w + c;
    for (let i = 0; i < count; i++, from += stride) {
      const position = abs(load<f32>(from)) * perUnit;
      const bin = position < (BINS as f32) ? (position as i32) : BINS - 1;
      const at = histogram + ((bin as usize) << 2);
      store<i32>(at, load<i32>(at) + 1);
    }
    const needed = count - count / ONE_OUTLIER_IN;
    let seen = 0;
    let bin = 0;
    for (; bin < BINS - 1; bin++) {
      seen += load<i32>(histogram + ((bin as usize) << 2));
      if (seen >= needed) break;
    }
    const edge = absmax * (((bin + 1) as f32) / (BINS as f32));
    storeParams(params, c, rowBytes, absmax, edge / load<f32>(settings, 4), 0);
  }
}

@inline
function powerOfTwo(x: f32): f32 {
  return reinterpret<f32>((reinterpret<u32>(x) + 0x7fffff) & 0xff800000);
}

/** workspace: maxima, means [channels] */
export function weightParamsPow2(
  w: usize, settings: usize, params: usize, workspace: usize, rows: i32, channels: i32,
): void {
  if (!moments(w, settings, params, workspace, rows, channels)) return;
  const rowBytes = (channels as usize) << 2;
  const sign = load<f32>(settings, 8) == 2;
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const absmax = load<f32>(workspace + c);
    const scale = sign ? load<f32>(workspace + rowBytes + c) : absmax / load<f32>(settings, 4);
    storeParams(params, c, rowBytes, absmax, powerOfTwo(scale), 0);
  }
}

/** workspace: maxima, means [channels] */
export function weightParamsMean(
  w: usize, settings: usize, params: usize, workspace: usize, rows: i32, channels: i32,
): void {
  if (!moments(w, settings, params, workspace, rows, channels)) return;
  const rowBytes = (channels as usize) << 2;
  for (let c: usize = 0; c < rowBytes; c += 4)
    storeParams(params, c, rowBytes, load<f32>(workspace + c), load<f32>(workspace + rowBytes + c), 0);
}

/** workspace: maxima, means [channels] */
export function weightParamsTwn(
  w: usize, settings: usize, params: usize, workspace: usize, rows: i32, channels: i32,
): void {
  if (!moments(w, settings, params, workspace, rows, channels)) return;
  if (signScales(settings, params, workspace, channels)) return;
  const rowBytes = (channels as usize) << 2;
  const perChannel = load<f32>(settings, 12) == 1;
  const count = perChannel ? rows : rows * channels;
  const stride: usize = perChannel ? rowBytes : 4;
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const absmax = load<f32>(workspace + c);
    const threshold = TERNARY_THRESHOLD * load<f32>(workspace + rowBytes + c);
    const factor = <f32>1 / max<f32>(2 * threshold, 5.9604644775390625e-8);
    if (!perChannel && c > 0) {
      storeParams(params, c, rowBytes, absmax, load<f32>(params), factor);
      continue;
    }
    let total: f32 = 0;
    let above = 0;
    let from = w + c;
    for (let block = 0; block < count; block += BLOCK) {
      let sum: f32 = 0;
      const end = min(block + BLOCK, count);
      for (let i = block; i < end; i++, from += stride) {
        const magnitude = abs(load<f32>(from));
        if (magnitude <= threshold) continue;
        sum += magnitude;
        above++;
      }
      total += sum;
    }
    storeParams(params, c, rowBytes, absmax, above == 0 ? 0 : total / (above as f32), factor);
  }
}

/** workspace: maxima, means [channels] */
export function weightParamsDorefa(
  w: usize, settings: usize, params: usize, workspace: usize, rows: i32, channels: i32,
): void {
  if (!moments(w, settings, params, workspace, rows, channels)) return;
  if (signScales(settings, params, workspace, channels)) return;
  const rowBytes = (channels as usize) << 2;
  const qmax = load<f32>(settings, 4);
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const absmax = load<f32>(workspace + c);
    const squashed = f32x4.extract_lane(tanh4(f32x4.splat(absmax)), 0);
    storeParams(params, c, rowBytes, absmax, <f32>1 / qmax, qmax / 2 / max<f32>(squashed, 5.9604644775390625e-8));
  }
}

/** Copies params [4, channels] that `rows` rows share to each of them: to[k * count + row * channels + c]. */
export function spreadParams(params: usize, to: usize, rows: i32, channels: i32, count: i32): void {
  const rowBytes = (channels as usize) << 2;
  for (let k = 0; k < 4; k++) {
    for (let row: usize = 0; row < (rows as usize) * rowBytes; row += rowBytes)
      copyFloats(to + row, params, rowBytes);
    params += rowBytes;
    to += (count as usize) << 2;
  }
}
