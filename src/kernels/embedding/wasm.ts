/** Taking and scattering rows in WebAssembly (../assembly/embedding.ts). */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { address, launch, output } from '../wasm';

export const embeddingWasm: Implementation<'ids' | 'table'> = ({ inputs: { ids, table } }) => {
  const [rows, depth] = table.shape as [number, number];
  const y = output([...ids.shape, depth]);
  const count = util.sizeFromShape(ids.shape);
  const integers = Number(ids.dtype === 'int32');
  launch('embedding', address(ids), integers, address(table), address(y), count, rows, depth);
  return y;
};

export const scatterRowsWasm: Implementation<'dy' | 'ids' | 'like'> = ({ inputs: { dy, ids, like } }) => {
  const [outer, rows, depth] = like.shape as [number, number, number];
  const sums = output(like.shape);
  const count = util.sizeFromShape(ids.shape);
  const integers = Number(ids.dtype === 'int32');
  launch('scatterRows', address(dy), address(ids), integers, address(sums), outer, count, rows, depth);
  return sums;
};
