/** Sums and products of tensors, value by value. See ../elementwise/index.ts. */
import { get, put } from './lanes';

const ADD: i32 = 0;

@inline
function result(kind: i32, a: v128, b: v128): v128 {
  return kind == ADD ? f32x4.add(a, b) : f32x4.mul(a, b);
}

/** y [rows, length] of a [rows, length] and b [length], or one value `single`. */
@inline
function combine(kind: i32, a: usize, b: usize, y: usize, rows: i32, length: i32, single: i32): void {
  const bytes = (length as usize) << 2;
  if (single) {
    const value = v128.load32_splat(b);
    const end = bytes * rows;
    let i: usize = 0;
    for (; i + 16 <= end; i += 16) v128.store(y + i, result(kind, v128.load(a + i), value));
    for (; i < end; i += 4) put(y + i, result(kind, get(a + i, false), value), false);
    return;
  }
  for (let row = 0; row < rows; row++) {
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(y + i, result(kind, v128.load(a + i), v128.load(b + i)));
    for (; i < bytes; i += 4) put(y + i, result(kind, get(a + i, false), get(b + i, false)), false);
    a += bytes;
    y += bytes;
  }
}

export function addValues(a: usize, b: usize, y: usize, rows: i32, length: i32, single: i32): void {
  combine(ADD, a, b, y, rows, length, single);
}

export function multiplyValues(a: usize, b: usize, y: usize, rows: i32, length: i32, single: i32): void {
  combine(1, a, b, y, rows, length, single);
}
