/** From values as i32 to the operands of `products`: pairs of i16, the second of the last one 0 where there is none. */

@inline
export function upTo(value: i32, multiple: i32): i32 {
  return (value + multiple - 1) & -multiple;
}

/** Rows of integers less their zero point as pairs of i16. */
export function widen(x: usize, rows: i32, count: i32, pitch: usize, zeroPoint: i32, to: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < count; k++) {
      store<i16>(to, <i16>(load<i32>(x + (<usize>k << 2)) - zeroPoint));
      to += 2;
    }
    if (count & 1) {
      store<i16>(to, 0);
      to += 2;
    }
    x += pitch;
  }
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
    const width = unit + 16 <= all ? 16 : 4;
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
