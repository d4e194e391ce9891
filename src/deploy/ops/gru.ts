/**
 * gru: r = sigmoid(xr + hr), z = sigmoid(xz + hz), n = tanh(xn + r hn), h' = (1 - z) n + z h, at each position. The parts x and h
 * are in steps of 2^-12, r in steps of 2^-13, z and n are rounded to the gates' grid and multiplied in steps of 2^-12.
 */
import { gateBits, resetBits } from '@/quant/fixedPoint';
import { onCurve, rescale } from '../arithmetic';
import type { Program, Rescale } from '../program';
import type { Vectors } from '../vectors';
import { gru as prepareGru } from '../vectors/sequences';
import { type Memory, type OpKindOf, operandOf } from './op';
import { type RecurrentOp, recurrentInC, recurrentKind, runPositions } from './recurrent';

export interface GruOp extends RecurrentOp {
  kind: 'gru';
  /** From the sum of both parts to the code of r's argument, and the curve of r. */
  resetCodes: Rescale;
  reset: Int16Array;
  /** From xn 2^13 + r hn to the q of n. */
  candidate: Rescale;
  /** From (1 - z) n and z (q of h - zero point) to the state's grid. */
  rescale: Rescale;
}

export const gru: OpKindOf<GruOp> = {
  ...recurrentKind,
  c: {
    needs: ['gru'],
    call: (op, to) => {
      const cell = to.struct('qat_gru_cell', [
        `&${recurrentInC(op, to)}`,
        `&${to.rescale(op.resetCodes)}`,
        to.data('int16_t', op.reset),
        `&${to.rescale(op.candidate)}`,
        `&${to.rescale(op.rescale)}`,
      ]);
      return `qat_gru(&${cell}, ${to.value(op.input)}, ${to.value(op.output)}, ${to.value(op.scratch)});`;
    },
  },
  evaluate(op: GruOp, program: Program, memory: Memory) {
    const { units, worth } = op;
    const { zeroPoint } = program.values[op.output]!.grid;
    runPositions(op, 3, program, memory, ({ parts, states, before, after }) => {
      for (let j = 0; j < units; j++) {
        const own = j + 3 * units;
        const r = onCurve(op.reset, rescale(op.resetCodes, 0, parts[j]!, parts[own]!));
        const z = worth[rescale(op.sigmoid, 0, parts[j + units]!, parts[own + units]!)]!;
        const argument = parts[j + 2 * units]! * 2 ** resetBits + r * parts[own + 2 * units]!;
        const n = worth[rescale(op.candidate, 0, argument)]!;
        const kept = z * (states[before + j]! - zeroPoint);
        states[after + j] = rescale(op.rescale, 0, (2 ** gateBits - z) * n, kept);
      }
    });
  },
  prepare: (op: GruOp, program: Program, vectors: Vectors) =>
    prepareGru(vectors, op, program, operandOf(program, op.input)),
};
