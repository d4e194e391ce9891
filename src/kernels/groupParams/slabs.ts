/** Where the groups of a weight tensor lie: slabs of rows, in each of which every output channel has one group. */
import { inputAxis } from '@/catalog/formats';
import { lastAxis } from '../definition';

export interface Slab {
  /** Index of its first weight. */
  start: number;
  /** Weights of each of its groups. */
  rows: number;
}

/** @param shape of the weights, the output channel last @param size of a group */
export function slabsOf(shape: readonly number[], size: number): Slab[] {
  const { outer, length } = inputAxis(shape);
  const channels = lastAxis(shape);
  const ofAxis = Math.ceil(length / size);
  return Array.from({ length: outer * ofAxis }, (_, index) => {
    const row = (index % ofAxis) * size;
    const start = (Math.floor(index / ofAxis) * length + row) * channels;
    return { start, rows: Math.min(size, length - row) };
  });
}
