/** embedding: y[t] = the table's row of symbol x[t] plus the vector of position t, rounded once. */
import { rescale } from '../arithmetic';
import type { Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { embed } from '../vectors/elements';
import type { Common, Memory, OpKindOf } from './op';

export interface EmbeddingOp extends Common {
  kind: 'embedding';
  /** Index of the table [symbols, features] among the weights, and of the vectors [positions, features]. */
  weights: number;
  positions: number;
  /** With multipliers for the table and for the positions. */
  rescale: Rescale;
}

export const embedding: OpKindOf<EmbeddingOp> = {
  weights: (op) => [op.weights, op.positions],
  biases: () => ({}),
  c: {
    needs: ['embedding'],
    call: (op, to) =>
      `qat_embedding(&${to.weights(op.weights)}, &${to.weights(op.positions)}, &${to.rescale(op.rescale)}, ${to.value(op.input)}, ${to.value(op.output)}, ${to.count(op.output)}, ${to.channels(op.output)});`,
  },
  evaluate(op: EmbeddingOp, program: Program, memory: Memory) {
    const [x, y] = [memory[op.input]!, memory[op.output]!];
    const table = program.weights[op.weights]!;
    const positions = program.weights[op.positions]!;
    const features = program.values[op.output]!.shape.at(-1)!;
    for (let i = 0; i < y.length; i++) {
      const c = i % features;
      const symbol = x[(i - c) / features]!;
      y[i] = rescale(op.rescale, c, table.values[symbol * features + c]!, positions.values[i]!);
    }
  },
  prepare(op: EmbeddingOp, program: Program, vectors: Vectors) {
    const [rows, features] = program.values[op.output]!.shape;
    const weights = [program.weights[op.weights]!, program.weights[op.positions]!] as const;
    return embed(vectors, op, ...weights, [rows!, features!]);
  },
};
