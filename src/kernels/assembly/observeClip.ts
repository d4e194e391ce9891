/** Observers that follow a clipped range. See ../observeClip/index.ts. */

// As in ../observeClip/constants.ts and ../weightParams/methods/constants.ts.
const BINS: i32 = 2048;
const ONE_OUTLIER_IN: i32 = 1000;
const SAMPLE_SIZE: i32 = 8192;
const CANDIDATES: i32 = 64;
const SMALLEST_FACTOR: f64 = 0.2;

@inline
function leastOf(x: usize, n: i32): f32 {
  let least: f32 = Infinity;
  for (let i = 0; i < n; i++) least = min(least, load<f32>(x + ((i as usize) << 2)));
  return least;
}

@inline
function greatestOf(x: usize, n: i32): f32 {
  let greatest: f32 = -Infinity;
  for (let i = 0; i < n; i++) greatest = max(greatest, load<f32>(x + ((i as usize) << 2)));
  return greatest;
}

/** Moves state [min, max, initialised, momentum] towards a range; the first one sets it. */
function move(state: usize, least: f32, greatest: f32): void {
  if (load<f32>(state, 8) == 0) {
    store<f32>(state, least);
    store<f32>(state, greatest, 4);
    store<f32>(state, 1, 8);
    return;
  }
  const momentum = load<f32>(state, 12);
  const min0 = load<f32>(state);
  const max0 = load<f32>(state, 4);
  store<f32>(state, min0 + momentum * (least - min0));
  store<f32>(state, max0 + momentum * (greatest - max0), 4);
}

/** workspace: histogram [BINS] */
export function observePercentile(x: usize, state: usize, workspace: usize, n: i32): void {
  const least = leastOf(x, n);
  const greatest = greatestOf(x, n);
  const span = greatest - least;
  const perUnit = (BINS as f32) / span;
  memory.fill(workspace, 0, BINS << 2);
  for (let i = 0; i < n; i++) {
    const position = (load<f32>(x + ((i as usize) << 2)) - least) * perUnit;
    const bin = position < (BINS as f32) ? (position as i32) : BINS - 1;
    const at = workspace + ((bin as usize) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  const needed = n - n / ONE_OUTLIER_IN;
  let seen = 0;
  let high = 0;
  for (; high < BINS - 1; high++) {
    seen += load<i32>(workspace + ((high as usize) << 2));
    if (seen >= needed) break;
  }
  seen = 0;
  let low = BINS - 1;
  for (; low > 0; low--) {
    seen += load<i32>(workspace + ((low as usize) << 2));
    if (seen >= needed) break;
  }
  const top = high == BINS - 1 ? greatest : least + span * (((high + 1) as f32) / (BINS as f32));
  const bottom = low == 0 ? least : least + span * ((low as f32) / (BINS as f32));
  move(state, bottom, top);
}

export function observeMse(x: usize, state: usize, settings: usize, n: i32): void {
  const least = leastOf(x, n);
  const greatest = greatestOf(x, n);
  const qmin = load<f32>(settings);
  const qmax = load<f32>(settings, 4);
  const levels = qmax - qmin;
  const stride = (n + SAMPLE_SIZE - 1) / SAMPLE_SIZE;
  let best: f32 = 1;
  let smallest: f32 = Infinity;
  const candidates = load<f32>(settings, 8) == 0 ? 0 : CANDIDATES;
  for (let k = 0; k < candidates; k++) {
    const factor = (SMALLEST_FACTOR + (1 - SMALLEST_FACTOR) * (k as f64) / ((CANDIDATES - 1) as f64)) as f32;
    const high = max<f32>(greatest, 0) * factor;
    const low: f32 = levels == 1 ? 0 : min<f32>(least, 0) * factor;
    const scale = max<f32>((high - low) / levels, 5.9604644775390625e-8);
    const inverse: f32 = 1 / scale;
    const zeroPoint = min(max(qmin - nearest(low / scale), qmin), qmax);
    let total: f32 = 0;
    for (let block = 0; block < n; block += 256 * stride) {
      let sum: f32 = 0;
      const end = min(block + 256 * stride, n);
      for (let i = block; i < end; i += stride) {
        const value = load<f32>(x + ((i as usize) << 2));
        const q = min(max(nearest(value * inverse) + zeroPoint, qmin), qmax) - zeroPoint;
        const error = value - q * scale;
        sum += error * error;
      }
      total += sum;
    }
    if (total > smallest) continue;
    smallest = total;
    best = factor;
  }
  move(state, least * best, greatest * best);
}
