/**
 * add: two values on grids of their own, both taken to the output's grid and rounded once as a sum. The second may be the
 * int32 sums of a projection, with a scale for each channel.
 */
import { volume } from '@/catalog/layers';
import { rescale } from '../arithmetic';
import type { Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { combine } from '../vectors/elements';
import { type Common, type Memory, type OpKindOf, operandOf } from './op';

export interface AddOp extends Common {
  kind: 'add';
  /** Index of the second value. */
  skipped: number;
  /** With multipliers for `input` and for `skipped`. */
  rescale: Rescale;
}

export const add: OpKindOf<AddOp> = {
  c: {
    needs: ['rescale', 'store', 'load', 'add'],
    call: (op, to) => {
      const operand = (index: number) => `${to.value(index)}, ${to.wide(index)}, ${to.zeroPoint(index)}`;
      return `qat_add(&${to.rescale(op.rescale)}, ${operand(op.input)}, ${operand(op.skipped)}, ${to.value(op.output)}, ${to.wide(op.output)}, ${to.count(op.output)}, ${to.channels(op.output)});`;
    },
  },
  reads: ({ input, skipped }) => [input, skipped],
  evaluate(op: AddOp, program: Program, memory: Memory) {
    const [a, b] = [memory[op.input]!, memory[op.skipped]!];
    const y = memory[op.output]!;
    const { grid, shape } = program.values[op.input]!;
    const other = program.values[op.skipped]!.grid.zeroPoint;
    const channels = shape.at(-1) ?? 1;
    for (let i = 0; i < y.length; i++)
      y[i] = rescale(op.rescale, i % channels, a[i]! - grid.zeroPoint, b[i]! - other);
  },
  prepare(op: AddOp, program: Program, vectors: Vectors) {
    const { shape } = program.values[op.input]!;
    const channels = shape.at(-1) ?? 1;
    const operands = [operandOf(program, op.input), operandOf(program, op.skipped)] as const;
    return combine(vectors, op.rescale, operands, [volume(shape) / channels, channels], op.output);
  },
};
