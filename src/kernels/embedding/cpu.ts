/** Taking and scattering rows in JavaScript. */
import { floats, integers, result } from '../cpu';
import type { Implementation } from '../definition';

export const embeddingCpu: Implementation<'ids' | 'table'> = ({ inputs, backend }) => {
  const ids = integers(backend, inputs.ids);
  const table = floats(backend, inputs.table);
  const [rows, depth] = inputs.table.shape as [number, number];
  const y = new Float32Array(ids.length * depth);
  ids.forEach((id, n) => {
    const row = y.subarray(n * depth, (n + 1) * depth);
    if (isRow(id, rows)) row.set(table.subarray(id * depth, (id + 1) * depth));
    else row.fill(Number.NaN);
  });
  return result(backend, [...inputs.ids.shape, depth], y);
};

export const scatterRowsCpu: Implementation<'dy' | 'ids' | 'like'> = ({ inputs, backend }) => {
  const ids = integers(backend, inputs.ids);
  const dy = floats(backend, inputs.dy);
  const [outer, rows, depth] = inputs.like.shape as [number, number, number];
  const sums = new Float32Array(outer * rows * depth);
  for (let o = 0; o < outer; o++)
    ids.forEach((id, n) => {
      if (!isRow(id, rows)) return;
      const to = (o * rows + id) * depth;
      const from = (o * ids.length + n) * depth;
      for (let d = 0; d < depth; d++) sums[to + d]! += dy[from + d]!;
    });
  return result(backend, inputs.like.shape, sums);
};

function isRow(id: number, rows: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < rows;
}
