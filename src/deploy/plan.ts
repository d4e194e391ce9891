/** Memory planning: where each value of a program lies in one block, so that values that never live together share bytes. */
import { volume } from '@/catalog/layers';
import { readsOf, scratchOf } from './ops';
import type { Program } from './program';

export interface Planned {
  /** Bytes from the start of the block, a multiple of 4; -1 for the input, which the caller keeps. By value index. */
  offsets: readonly number[];
  /** Bytes of the block. */
  bytes: number;
}

/** Bytes of one value: a byte for each integer up to 8 bits, else 4. */
export const bytesOf = ({ shape, bits }: Program['values'][number]): number =>
  volume(shape) * (bits === 32 ? 4 : 1);

const aligned = (bytes: number): number => 4 * Math.ceil(bytes / 4);

/** Largest values first, each at the lowest place that no value alive with it takes. */
export function planMemory({ values, ops, input, output }: Program): Planned {
  const lives = values.map((_, index) => {
    const from = ops.findIndex((op) => op.output === index || scratchOf(op).includes(index));
    const to = Math.max(from, ...ops.map((op, i) => (readsOf(op).includes(index) ? i : -1)));
    return { from, to: index === output ? ops.length : to };
  });
  const offsets = values.map(() => -1);
  const order = values
    .map((_, index) => index)
    .filter((index) => index !== input)
    .sort((a, b) => bytesOf(values[b]!) - bytesOf(values[a]!) || a - b);
  for (const index of order) {
    const { from, to } = lives[index]!;
    const size = aligned(bytesOf(values[index]!));
    const taken = order
      .filter((other) => offsets[other]! >= 0 && lives[other]!.from <= to && lives[other]!.to >= from)
      .map((other) => [offsets[other]!, offsets[other]! + aligned(bytesOf(values[other]!))] as const)
      .sort((a, b) => a[0] - b[0]);
    let at = 0;
    for (const [start, end] of taken) if (at + size > start) at = Math.max(at, end);
    offsets[index] = at;
  }
  const ends = order.map((index) => offsets[index]! + aligned(bytesOf(values[index]!)));
  return { offsets, bytes: Math.max(0, ...ends) };
}
