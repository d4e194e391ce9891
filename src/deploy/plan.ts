/** Memory planning: where each value of a program lies in one block, so that values that never live together share bytes. */
import { volume } from '@/catalog/layers';
import { planBuffers } from '@/experiment/memory';
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

/** Places every value but the input by the rule of src/experiment/memory.ts, from which the page knows the block's size. */
export function planMemory({ values, ops, input, output }: Program): Planned {
  const lives = values.map((_, index) => {
    const from = ops.findIndex((op) => op.output === index || scratchOf(op).includes(index));
    const to = Math.max(from, ...ops.map((op, i) => (readsOf(op).includes(index) ? i : -1)));
    return { from, to: index === output ? ops.length : to };
  });
  const placed = values.flatMap((value, index) =>
    index === input ? [] : [{ name: value.name, bytes: bytesOf(value), ...lives[index]! }],
  );
  const { buffers, bytes } = planBuffers(placed);
  const offsets = buffers.map(({ offset }) => offset);
  offsets.splice(input, 0, -1);
  return { offsets, bytes };
}
