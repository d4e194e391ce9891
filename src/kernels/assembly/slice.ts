/** Copies of equally long blocks. See ../slice/index.ts. */

/** `count` blocks of `bytes` bytes, a multiple of 4, from `from` on every `fromStep` bytes to `to` on every `toStep` bytes */
export function copyBlocks(from: usize, to: usize, count: i32, bytes: usize, fromStep: usize, toStep: usize): void {
  for (let i = 0; i < count; i++) {
    memory.copy(to, from, bytes);
    from += fromStep;
    to += toStep;
  }
}
