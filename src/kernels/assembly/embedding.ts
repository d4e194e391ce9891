/** Rows of a table by their numbers, and the gradient. See ../embedding/index.ts. */
import { copyFloats } from './lanes';

/** The id at an address, int32 or float32; -1 if it is no integer of 0 ... rows - 1. */
@inline
function rowAt(ids: usize, integers: i32, rows: i32): i32 {
  if (integers) {
    const id = load<i32>(ids);
    return id < rows ? id : -1;
  }
  const id = load<f32>(ids);
  // False for NaN too; the conversion would trap outside the range.
  return id >= 0 && id < (rows as f32) && floor(id) == id ? (id as i32) : -1;
}

/** y [count, depth] = table [rows, depth] at ids [count]; NaN where an id is no row */
export function embedding(
  ids: usize, integers: i32, table: usize, y: usize, count: i32, rows: i32, depth: i32,
): void {
  const rowBytes = (depth as usize) << 2;
  for (let n = 0; n < count; n++) {
    const id = rowAt(ids, integers, rows);
    if (id >= 0) copyFloats(y, table + (id as usize) * rowBytes, rowBytes);
    else for (let d: usize = 0; d < rowBytes; d += 4) store<f32>(y + d, NaN);
    ids += 4;
    y += rowBytes;
  }
}

/** sums [outer, rows, depth]: the rows of dy [outer, count, depth], added where ids [count] say, in their order */
export function scatterRows(
  dy: usize, ids: usize, integers: i32, sums: usize, outer: i32, count: i32, rows: i32, depth: i32,
): void {
  const rowBytes = (depth as usize) << 2;
  memory.fill(sums, 0, (outer as usize) * rows * rowBytes);
  for (let o = 0; o < outer; o++) {
    for (let n = 0; n < count; n++) {
      const id = rowAt(ids + ((n as usize) << 2), integers, rows);
      if (id >= 0) {
        const to = sums + (id as usize) * rowBytes;
        let d: usize = 0;
        for (; d + 16 <= rowBytes; d += 16)
          v128.store(to + d, f32x4.add(v128.load(to + d), v128.load(dy + d)));
        for (; d < rowBytes; d += 4) store<f32>(to + d, load<f32>(to + d) + load<f32>(dy + d));
      }
      dy += rowBytes;
    }
    sums += (rows as usize) * rowBytes;
  }
}
