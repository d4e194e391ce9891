/** Copies of equally long blocks. See ../slice/index.ts and ../arrange/index.ts. */
import { copyFloats } from './lanes';

/** Blocks up to this many bytes are copied here; a call costs more. */
const SHORT: usize = 256;

@inline
function copyBlock(to: usize, from: usize, bytes: usize): void {
  if (bytes > SHORT) {
    copyFloats(to, from, bytes);
    return;
  }
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i += 4) store<i32>(to + i, load<i32>(from + i));
}

/** `count` blocks of `bytes` bytes, a multiple of 4, from `from` on every `fromStep` bytes to `to` on every `toStep` bytes */
export function copyBlocks(from: usize, to: usize, count: i32, bytes: usize, fromStep: usize, toStep: usize): void {
  for (let i = 0; i < count; i++) {
    copyBlock(to, from, bytes);
    from += fromStep;
    to += toStep;
  }
}

/** to [outer, columns, rows] = from [outer, rows, columns], of blocks of `bytes` bytes, a multiple of 4 */
export function swapAxes(from: usize, to: usize, outer: i32, rows: i32, columns: i32, bytes: usize): void {
  const rowBytes = (columns as usize) * bytes;
  for (let i = 0; i < outer; i++) {
    for (let column: usize = 0; column < rowBytes; column += bytes) {
      let at = from + column;
      for (let row = 0; row < rows; row++) {
        copyBlock(to, at, bytes);
        at += rowBytes;
        to += bytes;
      }
    }
    from += rowBytes * rows;
  }
}
