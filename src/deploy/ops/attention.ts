/**
 * attention: scores of each query with the keys, softmax from a table of exponentials, and the values mixed by its shares; head
 * by head, each on its columns of queries, keys and values [positions, features]. Of a causal one a query sees the keys up to its
 * own position.
 */
import { shareBits } from '@/kernels/integerSoftmax/constants';
import { rescale } from '../arithmetic';
import type { Grid, Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { attention as prepareAttention } from '../vectors/sequences';
import { type Common, type Memory, type OpKindOf, operandOf } from './op';

export interface AttentionOp extends Common {
  kind: 'attention';
  /** Indices of values; `input` is the queries. */
  keys: number;
  values: number;
  /** Index of a value [positions] of int32. */
  scratch: number;
  positions: number;
  features: number;
  heads: number;
  causal: boolean;
  /** From sums of products to scores, and the scores' own grid where they have bits. */
  scores: Rescale;
  scoreGrid?: Grid;
  /** exp of minus the difference to the largest score, by that difference, in steps of 2^-15; 0 beyond the end. */
  exponentials: Uint16Array;
  /** From shares in steps of 2^-16 to the softmax's grid. */
  shares: Rescale;
  softmax: Grid;
  /** From sums of shares times values to the output's grid. */
  rescale: Rescale;
}

/** The integers of a value and their zero point. */
interface Operand {
  x: Int32Array;
  zeroPoint: number;
}
type Operands = readonly [queries: Operand, keys: Operand, values: Operand];

export const attention: OpKindOf<AttentionOp> = {
  reads: ({ input, keys, values }) => [input, keys, values],
  scratch: (op) => [op.scratch],
  biases: () => ({}),
  grids: ({ scoreGrid, softmax }) => ({ ...(scoreGrid ? { scores: scoreGrid } : {}), softmax }),
  c: {
    needs: ['attention'],
    call: (op, to) => {
      const attends = to.struct('qat_attention_op', [
        `&${to.rescale(op.scores)}`,
        `&${to.rescale(op.shares)}`,
        `&${to.rescale(op.rescale)}`,
        to.data('uint16_t', op.exponentials),
        op.exponentials.length,
        op.positions,
        op.features,
        op.heads,
        Number(op.causal),
        op.softmax.zeroPoint,
        ...[op.input, op.keys, op.values].map((index) => to.zeroPoint(index)),
      ]);
      const places = [op.input, op.keys, op.values, op.output, op.scratch].map((index) => to.value(index));
      return `qat_attention(&${attends}, ${places.join(', ')});`;
    },
  },
  evaluate(op: AttentionOp, program: Program, memory: Memory) {
    const operand = (index: number) => ({
      x: memory[index]!,
      zeroPoint: program.values[index]!.grid.zeroPoint,
    });
    const operands = [operand(op.input), operand(op.keys), operand(op.values)] as const;
    attend(op, operands, memory[op.scratch]!, memory[op.output]!);
  },
  prepare(op: AttentionOp, program: Program, vectors: Vectors) {
    const operand = (index: number) => operandOf(program, index);
    return prepareAttention(vectors, op, [operand(op.input), operand(op.keys), operand(op.values)]);
  },
};

function attend(
  op: AttentionOp,
  [{ x: q, zeroPoint: zq }, { x: k, zeroPoint: zk }, { x: v, zeroPoint: zv }]: Operands,
  row: Int32Array,
  y: Int32Array,
): void {
  const { positions, features, heads, exponentials } = op;
  const depth = features / heads;
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < positions; i++) {
      const seen = op.causal ? i + 1 : positions;
      const at = i * features + head * depth;
      let largest = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < seen; j++) {
        const other = j * features + head * depth;
        let sum = 0;
        for (let d = 0; d < depth; d++) sum += (q[at + d]! - zq) * (k[other + d]! - zk);
        row[j] = rescale(op.scores, 0, sum);
        largest = Math.max(largest, row[j]!);
      }
      let total = 0;
      for (let j = 0; j < seen; j++) {
        row[j] = exponentials[largest - row[j]!] ?? 0;
        total += row[j]!;
      }
      const half = Math.floor(total / 2);
      for (let j = 0; j < seen; j++) {
        const share = Math.floor((row[j]! * 2 ** shareBits + half) / total);
        row[j] = rescale(op.shares, 0, share) - op.softmax.zeroPoint;
      }
      for (let d = 0; d < depth; d++) {
        let sum = 0;
        for (let j = 0; j < seen; j++) sum += row[j]! * (v[j * features + head * depth + d]! - zv);
        y[at + d] = rescale(op.rescale, 0, sum);
      }
    }
}
