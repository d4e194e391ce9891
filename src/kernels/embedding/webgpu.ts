/** Taking and scattering rows in WGSL. A thread of the scatter owns one element of the result, so that no two add to it. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { output, Shader } from '../webgpu';

type IdType = 'i32' | 'f32';

const forward = (type: IdType) =>
  new Shader({
    name: `embedding_${type}`,
    tensors: [
      { name: 'y', use: 'out' },
      { name: 'ids', use: 'in', type },
      { name: 'table', use: 'in' },
    ],
    uniforms: ['rows', 'depth'],
    code: `
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.yLength)) { return; }
  let depth = u32(uniforms.depth);
  let id = ids[i / depth];
  let row = i32(id);
  let valid = ${type}(row) == id && row >= 0 && row < uniforms.rows;
  let at = select(0, row, valid);
  y[i] = select(uniforms.nan, table[u32(at) * depth + i % depth], valid);
}`,
  });

const scatter = (type: IdType) =>
  new Shader({
    name: `scatterRows_${type}`,
    tensors: [
      { name: 'sums', use: 'out' },
      { name: 'dy', use: 'in' },
      { name: 'ids', use: 'in', type },
    ],
    uniforms: ['rows', 'depth'],
    code: `
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.sumsLength)) { return; }
  let depth = u32(uniforms.depth);
  let rows = u32(uniforms.rows);
  let count = u32(uniforms.idsLength);
  let row = ${type}((i / depth) % rows);
  let first = (i / depth / rows) * count * depth + i % depth;
  var sum = 0.0;
  for (var n = 0u; n < count; n = n + 1u) {
    if (ids[n] == row) { sum = sum + dy[first + n * depth]; }
  }
  sums[i] = sum;
}`,
  });

const forwards = { i32: forward('i32'), f32: forward('f32') };
const scatters = { i32: scatter('i32'), f32: scatter('f32') };
const typeOf = (dtype: string): IdType => (dtype === 'int32' ? 'i32' : 'f32');

export const embeddingWebgpu: Implementation<'ids' | 'table'> = ({ inputs: { ids, table }, backend }) => {
  const [rows, depth] = table.shape as [number, number];
  const y = output(backend, [...ids.shape, depth]);
  const count = util.sizeFromShape(y.shape);
  forwards[typeOf(ids.dtype)].runFor(backend, count, [y, ids, table], [rows, depth]);
  return y;
};

export const scatterRowsWebgpu: Implementation<'dy' | 'ids' | 'like'> = ({
  inputs: { dy, ids, like },
  backend,
}) => {
  const [, rows, depth] = like.shape as [number, number, number];
  const sums = output(backend, like.shape);
  const count = util.sizeFromShape(like.shape);
  scatters[typeOf(ids.dtype)].runFor(backend, count, [sums, dy, ids], [rows, depth]);
  return sums;
};
