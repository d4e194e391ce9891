/** embedding(ids, table): rows of a table by their numbers, with the gradient to the table. */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { reshape } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, runKernel } from '../definition';
import { embeddingCpu, scatterRowsCpu } from './cpu';
import { embeddingWasm, scatterRowsWasm } from './wasm';
import { embeddingWebgpu, scatterRowsWebgpu } from './webgpu';

const name = 'Embedding';
const scatterName = 'ScatterRows';

/**
 * y[..., :] = table[ids[...], :]. An id that is no integer of 0 ... V - 1 gives a row of NaN, so that it shows.
 * Gradient: dtable[v] = sum of dy over the places where v stands, added in the order of the ids on every backend; the ids
 * get none.
 * @param ids [...], int32 or float32 @param table [V, D]
 * @returns [..., D]
 * @throws if a shape or the ids' type does not fit
 */
export function embedding(ids: Tensor, table: Tensor2D): Tensor {
  expectShape('The embedding table', table.shape, [-1, -1]);
  expectIds(ids);
  return runKernel(name, { ids, table });
}

/**
 * The adjoint of taking rows: out[o, v, :] = sum of dy[o, n, :] over all n with ids[n] = v, in ascending order of n. Ids
 * outside 0 ... V - 1 are left out.
 * @param dy [O, N, D] @param ids [N], int32 or float32 @param like [O, V, D], of which only the shape matters
 * @returns [O, V, D]
 * @throws if a shape or the ids' type does not fit
 */
export function scatterRows(dy: Tensor, ids: Tensor1D, like: Tensor): Tensor {
  const [outer, , depth] = like.shape as [number, number, number];
  expectShape('The tensor to scatter into', like.shape, [-1, -1, -1]);
  expectShape('The rows to scatter', dy.shape, [outer, ids.size, depth]);
  expectIds(ids);
  return runKernel(scatterName, { dy, ids, like });
}

function expectIds({ dtype }: Tensor): void {
  if (dtype !== 'int32' && dtype !== 'float32')
    throw new Error(`The ids of an embedding must be int32 or float32, but are ${dtype}.`);
}

/** Registers the kernels and the gradient. */
export function registerEmbedding(): void {
  defineKernel<'ids' | 'table'>({
    name,
    cpu: embeddingCpu,
    wasm: embeddingWasm,
    webgpu: embeddingWebgpu,
    gradient: {
      inputsToSave: ['ids', 'table'],
      gradFunc: (dy, saved) => {
        const [ids, table] = saved as [Tensor, Tensor];
        const [rows, depth] = table.shape as [number, number];
        return {
          table: () => {
            const like = reshape(table, [1, rows, depth]);
            const dys = reshape(dy as Tensor, [1, ids.size, depth]);
            return reshape(scatterRows(dys, reshape(ids, [ids.size]), like), [rows, depth]);
          },
        };
      },
    },
  });
  defineKernel<'dy' | 'ids' | 'like'>({
    name: scatterName,
    cpu: scatterRowsCpu,
    wasm: scatterRowsWasm,
    webgpu: scatterRowsWebgpu,
  });
}
