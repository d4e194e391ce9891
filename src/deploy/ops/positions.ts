/** positions: a value [positions, features] plus a weight tensor of the same shape, rounded once. */
import { volume } from '@/catalog/layers';
import { rescale } from '../arithmetic';
import type { Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { combineWeights } from '../vectors/elements';
import { type Common, type Memory, type OpKindOf, operandOf } from './op';

export interface PositionsOp extends Common {
  kind: 'positions';
  weights: number;
  /** With multipliers for the value and for the weights. */
  rescale: Rescale;
}

export const positions: OpKindOf<PositionsOp> = {
  weights: (op) => [op.weights],
  biases: () => ({}),
  c: {
    needs: ['positions'],
    call: (op, to) =>
      `qat_positions(&${to.weights(op.weights)}, &${to.rescale(op.rescale)}, ${to.value(op.input)}, ${to.zeroPoint(op.input)}, ${to.value(op.output)}, ${to.count(op.output)}, ${to.channels(op.output)});`,
  },
  evaluate(op: PositionsOp, program: Program, memory: Memory) {
    const [x, y] = [memory[op.input]!, memory[op.output]!];
    const { grid, shape } = program.values[op.input]!;
    const weights = program.weights[op.weights]!;
    const channels = shape.at(-1) ?? 1;
    for (let i = 0; i < y.length; i++)
      y[i] = rescale(op.rescale, i % channels, x[i]! - grid.zeroPoint, weights.values[i]!);
  },
  prepare(op: PositionsOp, program: Program, vectors: Vectors) {
    const { shape } = program.values[op.input]!;
    const channels = shape.at(-1) ?? 1;
    const size = [volume(shape) / channels, channels] as const;
    const weights = program.weights[op.weights]!;
    return combineWeights(vectors, op.rescale, operandOf(program, op.input), weights, size, op.output);
  },
};
