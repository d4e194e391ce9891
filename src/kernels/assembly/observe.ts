/** Ranges of tensors and the quantization parameters that follow from them. See ../observe and ../weightParams. */

/** Rows over which a float32 sum runs before it is added to the total: keeps rounding errors small in long sums. */
const BLOCK: i32 = 256;

@inline
export function storeScale(params: usize, inverses: usize, scale: f32): void {
  let stored = f32.max(scale, 5.9604644775390625e-8); // 2^-24
  if (!isFinite(scale)) stored = NaN;
  store<f32>(params, stored);
  store<f32>(inverses, <f32>1 / stored);
}

/** sums [channels] += |w| over `rows` rows. */
export function addMagnitudes(w: usize, sums: usize, rows: i32, channels: i32): void {
  const rowBytes = (channels as usize) << 2;
  for (let row = 0; row < rows; row++) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16)
      v128.store(sums + c, f32x4.add(v128.load(sums + c), f32x4.abs(v128.load(w + c))));
    for (; c < rowBytes; c += 4) store<f32>(sums + c, load<f32>(sums + c) + abs(load<f32>(w + c)));
    w += rowBytes;
  }
}

/** maxima [channels] = max(maxima, |w|) over `rows` rows, NaN if any is: as integers, positive floats are in order, NaN last. */
export function takeMaxima(w: usize, maxima: usize, rows: i32, channels: i32): void {
  const rowBytes = (channels as usize) << 2;
  let row = 0;
  // Four rows for each time that the maxima are read and written.
  for (; row + 4 <= rows && channels % 4 == 0; row += 4) {
    for (let c: usize = 0; c < rowBytes; c += 16) {
      const at = w + c;
      const first = i32x4.max_s(f32x4.abs(v128.load(at)), f32x4.abs(v128.load(at + rowBytes)));
      const last = i32x4.max_s(
        f32x4.abs(v128.load(at + 2 * rowBytes)),
        f32x4.abs(v128.load(at + 3 * rowBytes)),
      );
      v128.store(maxima + c, i32x4.max_s(v128.load(maxima + c), i32x4.max_s(first, last)));
    }
    w += 4 * rowBytes;
  }
  for (; row < rows; row++) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16)
      v128.store(maxima + c, i32x4.max_s(v128.load(maxima + c), f32x4.abs(v128.load(w + c))));
    for (; c < rowBytes; c += 4) store<f32>(maxima + c, max(load<f32>(maxima + c), abs(load<f32>(w + c))));
    w += rowBytes;
  }
}

/** params [4, channels] of weights w [rows, channels]. */
export function weightParamsAbsmax(
  w: usize, settings: usize, params: usize, rows: i32, channels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const inverses = params + rowBytes;
  const zeroPoints = inverses + rowBytes;
  const quantized = zeroPoints + rowBytes;
  const mode = load<f32>(settings, 8);
  const perChannel = load<f32>(settings, 12) == 1;
  memory.fill(params, 0, rowBytes << 2);
  if (mode == 0) {
    for (let c: usize = 0; c < 2 * rowBytes; c += 4) store<f32>(params + c, 1);
    return;
  }
  let divisor = (load<f32>(settings, 4) - load<f32>(settings, 0)) / 2;
  if (mode == 2) {
    divisor = (perChannel ? rows : rows * channels) as f32;
    for (let row = 0; row < rows; row += BLOCK) {
      memory.fill(inverses, 0, rowBytes);
      addMagnitudes(w + (row as usize) * rowBytes, inverses, min(BLOCK, rows - row), channels);
      for (let c: usize = 0; c < rowBytes; c += 4)
        store<f32>(params + c, load<f32>(params + c) + load<f32>(inverses + c));
    }
  } else {
    takeMaxima(w, params, rows, channels);
  }
  if (!perChannel) {
    let all: f32 = 0;
    for (let c: usize = 0; c < rowBytes; c += 4)
      all = mode == 2 ? all + load<f32>(params + c) : max(all, load<f32>(params + c));
    for (let c: usize = 0; c < rowBytes; c += 4) store<f32>(params + c, all);
  }
  for (let c: usize = 0; c < rowBytes; c += 4) {
    storeScale(params + c, inverses + c, load<f32>(params + c) / divisor);
    store<f32>(quantized + c, 1);
  }
}

/** Moves state [min, max, initialised, momentum] towards the range of x [n]; if `range` is not 0, stores the range there. */
export function observeMinMax(x: usize, state: usize, n: i32, range: usize): void {
  const bytes = (n as usize) << 2;
  let lowest = f32x4.splat(Infinity);
  let highest = f32x4.splat(-Infinity);
  let broken = f32x4.splat(0);
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) {
    const values = v128.load(x + i);
    lowest = f32x4.pmin(lowest, values);
    highest = f32x4.pmax(highest, values);
    broken = v128.or(broken, f32x4.ne(values, values));
  }
  for (; i < bytes; i += 4) {
    const value = v128.load32_splat(x + i);
    lowest = f32x4.pmin(lowest, value);
    highest = f32x4.pmax(highest, value);
    broken = v128.or(broken, f32x4.ne(value, value));
  }
  if (range) storeRange(range, lowest, highest, broken);
  else follow(state, v128.or(lowest, broken), v128.or(highest, broken));
}

/** A range [3, 4]: the least and greatest of each lane, and lanes with bits set where one was NaN. */
export function storeRange(range: usize, lowest: v128, highest: v128, broken: v128): void {
  v128.store(range, lowest);
  v128.store(range, highest, 16);
  v128.store(range, broken, 32);
}

/** Moves an observer's state towards the union of ranges [count, 3, 4], taken in order: as if one had seen all values. */
export function followRanges(ranges: usize, count: i32, state: usize): void {
  let lowest = f32x4.splat(Infinity), highest = f32x4.splat(-Infinity), broken = f32x4.splat(0);
  for (let i = 0; i < count; i++) {
    lowest = f32x4.pmin(lowest, v128.load(ranges));
    highest = f32x4.pmax(highest, v128.load(ranges, 16));
    broken = v128.or(broken, v128.load(ranges, 32));
    ranges += 48;
  }
  follow(state, v128.or(lowest, broken), v128.or(highest, broken));
}

/** total [channels] = 0 + the rows of x [rows, channels], added one after the other. */
export function addRows(x: usize, total: usize, rows: i32, channels: i32): void {
  const rowBytes = (channels as usize) << 2;
  memory.fill(total, 0, rowBytes);
  for (let row = 0; row < rows; row++) {
    let c: usize = 0;
    for (; c + 16 <= rowBytes; c += 16)
      v128.store(total + c, f32x4.add(v128.load(total + c), v128.load(x + c)));
    for (; c < rowBytes; c += 4) store<f32>(total + c, load<f32>(total + c) + load<f32>(x + c));
    x += rowBytes;
  }
}

/** Moves an observer's state towards the least and greatest of what the lanes hold; a lane may be NaN. */
export function follow(state: usize, lowest: v128, highest: v128): void {
  const least = min(
    min(f32x4.extract_lane(lowest, 0), f32x4.extract_lane(lowest, 1)),
    min(f32x4.extract_lane(lowest, 2), f32x4.extract_lane(lowest, 3)),
  );
  const greatest = max(
    max(f32x4.extract_lane(highest, 0), f32x4.extract_lane(highest, 1)),
    max(f32x4.extract_lane(highest, 2), f32x4.extract_lane(highest, 3)),
  );
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

/** params [4, 1] from an observer's state [4]. */
export function activationParams(state: usize, settings: usize, params: usize): void {
  if (load<f32>(settings, 8) == 0) {
    store<f32>(params, 1);
    store<f32>(params, 1, 4);
    store<f32>(params, 0, 8);
    store<f32>(params, 0, 12);
    return;
  }
  const qmin = load<f32>(settings);
  const qmax = load<f32>(settings, 4);
  const levels = qmax - qmin;
  const initialised = load<f32>(state, 8) != 0;
  const least: f32 = initialised ? load<f32>(state) : 0;
  const greatest: f32 = initialised ? load<f32>(state, 4) : 1;
  const high = max<f32>(greatest, 0);
  // With two levels only one side of zero can be represented. (least - least) keeps a NaN and is 0 otherwise.
  const low = levels == 1 ? least - least : min<f32>(least, 0);
  storeScale(params, params + 4, (high - low) / levels);
  const scale = load<f32>(params);
  const zeroPoint = scale == scale ? min(max(qmin - nearest(low / scale), qmin), qmax) : 0;
  store<f32>(params, zeroPoint, 8);
  store<f32>(params, 1, 12);
}
