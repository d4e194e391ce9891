/** Dynamic quantization: a scale for each row of x [rows, length]. See ../quantizeRows/index.ts. */
import { copyFloats, storeLane } from './lanes';
import { storeScale } from './observe';

@inline
function leastOf(lanes: v128): f32 {
  return min(
    min(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)),
    min(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)),
  );
}

@inline
function greatestOf(lanes: v128): f32 {
  return max(
    max(f32x4.extract_lane(lanes, 0), f32x4.extract_lane(lanes, 1)),
    max(f32x4.extract_lane(lanes, 2), f32x4.extract_lane(lanes, 3)),
  );
}

/** params [4, rows] */
export function rowParams(x: usize, settings: usize, params: usize, rows: i32, length: i32): void {
  const paramBytes = (rows as usize) << 2;
  memory.fill(params, 0, paramBytes << 2);
  if (load<f32>(settings, 8) == 0) {
    for (let row: usize = 0; row < 2 * paramBytes; row += 4) store<f32>(params + row, 1);
    return;
  }
  const qmin = load<f32>(settings);
  const qmax = load<f32>(settings, 4);
  const levels = qmax - qmin;
  const rowBytes = (length as usize) << 2;
  for (let row: usize = 0; row < paramBytes; row += 4, x += rowBytes) {
    let lowest = f32x4.splat(Infinity);
    let highest = f32x4.splat(-Infinity);
    let i: usize = 0;
    for (; i + 16 <= rowBytes; i += 16) {
      const values = v128.load(x + i);
      lowest = f32x4.min(lowest, values);
      highest = f32x4.max(highest, values);
    }
    for (; i < rowBytes; i += 4) {
      const value = v128.load32_splat(x + i);
      lowest = f32x4.min(lowest, value);
      highest = f32x4.max(highest, value);
    }
    const least = leastOf(lowest);
    const greatest = greatestOf(highest);
    const scaleAt = params + row;
    store<f32>(scaleAt + 3 * paramBytes, 1);
    if (qmin < 0) {
      storeScale(scaleAt, scaleAt + paramBytes, max(abs(least), abs(greatest)) / qmax);
      continue;
    }
    // With two levels only one side of zero can be represented. (least - least) keeps a NaN and is 0 otherwise.
    const low = levels == 1 ? least - least : min<f32>(least, 0);
    storeScale(scaleAt, scaleAt + paramBytes, (max<f32>(greatest, 0) - low) / levels);
    const scale = load<f32>(scaleAt);
    if (scale == scale)
      store<f32>(scaleAt + 2 * paramBytes, min(max(qmin - nearest(low / scale), qmin), qmax));
  }
}

@inline
function rounded(x: v128, inverse: v128, zeroPoint: v128): v128 {
  return f32x4.add(f32x4.nearest(f32x4.mul(x, inverse)), zeroPoint);
}

@inline
function dequantized(r: v128, scale: v128, zeroPoint: v128, qmin: v128, qmax: v128): v128 {
  return f32x4.mul(f32x4.sub(f32x4.min(f32x4.max(r, qmin), qmax), zeroPoint), scale);
}

/** y [rows, length]; params [4, rows] */
export function quantizeRows(
  x: usize, params: usize, settings: usize, y: usize, rows: i32, length: i32,
): void {
  const rowBytes = (length as usize) << 2;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(y, x, (rows as usize) * rowBytes);
    return;
  }
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const paramBytes = (rows as usize) << 2;
  for (let row: usize = 0; row < paramBytes; row += 4) {
    const scale = v128.load32_splat(params + row);
    const inverse = v128.load32_splat(params + paramBytes + row);
    const zeroPoint = v128.load32_splat(params + 2 * paramBytes + row);
    let i: usize = 0;
    for (; i + 16 <= rowBytes; i += 16)
      v128.store(
        y + i,
        dequantized(rounded(v128.load(x + i), inverse, zeroPoint), scale, zeroPoint, qmin, qmax),
      );
    for (; i < rowBytes; i += 4)
      storeLane(
        y + i,
        dequantized(rounded(v128.load32_splat(x + i), inverse, zeroPoint), scale, zeroPoint, qmin, qmax),
      );
    x += rowBytes;
    y += rowBytes;
  }
}

/** dx [rows, length] from dq and x. */
export function quantizeRowsGradient(
  dq: usize, x: usize, params: usize, settings: usize, dx: usize, rows: i32, length: i32,
): void {
  const rowBytes = (length as usize) << 2;
  if (load<f32>(settings, 8) == 0) {
    copyFloats(dx, dq, (rows as usize) * rowBytes);
    return;
  }
  const qmin = v128.load32_splat(settings);
  const qmax = v128.load32_splat(settings, 4);
  const paramBytes = (rows as usize) << 2;
  for (let row: usize = 0; row < paramBytes; row += 4) {
    const inverse = v128.load32_splat(params + paramBytes + row);
    const zeroPoint = v128.load32_splat(params + 2 * paramBytes + row);
    let i: usize = 0;
    for (; i + 16 <= rowBytes; i += 16) {
      const r = rounded(v128.load(x + i), inverse, zeroPoint);
      v128.store(dx + i, v128.and(v128.load(dq + i), v128.and(f32x4.ge(r, qmin), f32x4.le(r, qmax))));
    }
    for (; i < rowBytes; i += 4) {
      const r = rounded(v128.load32_splat(x + i), inverse, zeroPoint);
      storeLane(
        dx + i,
        v128.and(v128.load32_splat(dq + i), v128.and(f32x4.ge(r, qmin), f32x4.le(r, qmax))),
      );
    }
    dq += rowBytes;
    x += rowBytes;
    dx += rowBytes;
  }
}
