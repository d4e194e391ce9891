/** dense: y[r, o] = sum over k of (x[r, k] - zero point) * w[k, o], for each of `rows` positions; weights [features, units]. */
import type { Program } from '../program';
import type { Vectors } from '../vectors';
import { rowProducts } from '../vectors/products';
import type { Common, Memory, OpKindOf, Products } from './op';
import { layerOf, productRows } from './products';

export interface DenseOp extends Common, Products {
  kind: 'dense';
  /** 1, or the positions of a sequence. */
  rows: number;
  features: number;
  units: number;
}

export const dense: OpKindOf<DenseOp> = {
  weights: (op) => [op.weights],
  c: {
    needs: ['product', 'dense'],
    call: (op, to) =>
      `qat_dense(&${to.products(op)}, ${to.value(op.input)}, ${to.value(op.output)}, ${op.rows}, ${op.features}, ${op.units});`,
  },
  evaluate(op: DenseOp, program: Program, memory: Memory) {
    const { rows, features, units } = op;
    const x = memory[op.input]!;
    const y = memory[op.output]!;
    const { zeroPoint } = program.values[op.input]!.grid;
    productRows(op, program, { x, from: 0, rows, count: features, zeroPoint }, y, 0, units);
  },
  prepare: (op: DenseOp, program: Program, vectors: Vectors) =>
    rowProducts(vectors, layerOf(op, program), op),
};
