/** From values as i32 to the operands of `products`: pairs of i16, the second of the last one 0 where there is none. */

@inline
export function upTo(value: i32, multiple: i32): i32 {
  return (value + multiple - 1) & -multiple;
}

/**
 * Rows of integers less their zero point as i16.
 * @param pitch, toPitch bytes from one row to the next
 * @returns whether all fit 16 bits
 */
export function widen(
  x: usize,
  rows: i32,
  count: i32,
  pitch: usize,
  zeroPoint: i32,
  to: usize,
  toPitch: usize,
): i32 {
  const zero = i32x4.splat(zeroPoint);
  const half = i32x4.splat(0x8000);
  let beyond = i32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    let k = 0;
    for (; k + 8 <= count; k += 8) {
      const a = i32x4.sub(v128.load(x + (<usize>k << 2)), zero);
      const b = i32x4.sub(v128.load(x + (<usize>k << 2), 16), zero);
      beyond = v128.or(beyond, v128.or(i32x4.add(a, half), i32x4.add(b, half)));
      v128.store(to + (<usize>k << 1), i16x8.narrow_i32x4_s(a, b));
    }
    for (; k < count; k++) {
      const value = load<i32>(x + (<usize>k << 2)) - zeroPoint;
      beyond = v128.or(beyond, i32x4.splat(value + 0x8000));
      store<i16>(to + (<usize>k << 1), <i16>value);
    }
    x += pitch;
    to += toPitch;
  }
  return i32(!v128.any_true(i32x4.shr_u(beyond, 16)));
}

/** Integers [count, units] less their zero point as the weights of `products`. @param right, down bytes from one of `count` to the next, and from one of `units` */
export function layOut(
  x: usize,
  count: i32,
  units: i32,
  right: usize,
  down: usize,
  zeroPoint: i32,
  to: usize,
): void {
  const all = upTo(units, 4);
  for (let unit = 0; unit < all; ) {
    const width = unit + 8 <= all ? 8 : 4;
    for (let k = 0; k < count; k += 2)
      for (let u = unit; u < unit + width; u++) {
        let pair = 0;
        if (u < units) {
          const from = x + k * right + u * down;
          pair = (load<i32>(from) - zeroPoint) & 0xffff;
          if (k + 1 < count) pair |= (load<i32>(from + right) - zeroPoint) << 16;
        }
        store<i32>(to, pair);
        to += 4;
      }
    unit += width;
  }
}
