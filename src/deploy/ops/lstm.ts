/**
 * lstm: i, f, o are sigmoid gates and g a tanh gate, c' = f c + i g, h' = o tanh(c'), at each position. The parts and the cell are
 * in steps of 2^-12; gates are rounded to their grid and multiplied in steps of 2^-12, as is tanh of the cell.
 */
import { onCurve, rescale } from '../arithmetic';
import type { Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { lstm as prepareLstm } from '../vectors/sequences';
import { type Memory, type OpKindOf, operandOf } from './op';
import { type RecurrentOp, recurrentInC, recurrentKind, runPositions } from './recurrent';

export interface LstmOp extends RecurrentOp {
  kind: 'lstm';
  /** From the sum of both parts to the q of g. */
  candidate: Rescale;
  /** From f c + i g to the cell's grid. */
  cell: Rescale;
  /** From the cell to the code of tanh's argument, and the curve of tanh. */
  cellCodes: Rescale;
  cellTanh: Int16Array;
  /** From o tanh(c) to the state's grid. */
  rescale: Rescale;
}

export const lstm: OpKindOf<LstmOp> = {
  ...recurrentKind,
  c: {
    needs: ['lstm'],
    call: (op, to) => {
      const cell = to.struct('qat_lstm_cell', [
        `&${recurrentInC(op, to)}`,
        `&${to.rescale(op.candidate)}`,
        `&${to.rescale(op.cell)}`,
        `&${to.rescale(op.cellCodes)}`,
        to.data('int16_t', op.cellTanh),
        `&${to.rescale(op.rescale)}`,
      ]);
      return `qat_lstm(&${cell}, ${to.value(op.input)}, ${to.value(op.output)}, ${to.value(op.scratch)});`;
    },
  },
  evaluate(op: LstmOp, program: Program, memory: Memory) {
    const { units, worth } = op;
    const cells = 8 * units;
    memory[op.scratch]!.fill(0, cells);
    runPositions(op, 4, program, memory, ({ parts, states, after }) => {
      for (let j = 0; j < units; j++) {
        const gate = (index: number) => {
          const at = j + index * units;
          const by = index === 2 ? op.candidate : op.sigmoid;
          return worth[rescale(by, 0, parts[at]!, parts[at + 4 * units]!)]!;
        };
        const cell = rescale(op.cell, 0, gate(1) * parts[cells + j]! + gate(0) * gate(2));
        parts[cells + j] = cell;
        const squashed = onCurve(op.cellTanh, rescale(op.cellCodes, 0, cell));
        states[after + j] = rescale(op.rescale, 0, gate(3) * squashed);
      }
    });
  },
  prepare: (op: LstmOp, program: Program, vectors: Vectors) =>
    prepareLstm(vectors, op, program, operandOf(program, op.input)),
};
