/** What gru and lstm have in common: both products, their parts on one fixed-point grid, and the gates as tables. */
import type { Grid, Program, Rescale } from '../program';
import type { CNames, Common, Memory, Products } from './op';
import { productRows } from './products';

export interface RecurrentOp extends Common {
  kind: string;
  /** Index of a value [2 gates x units, and more] of int32: the input's part of the gates, then the state's. */
  scratch: number;
  positions: number;
  features: number;
  units: number;
  /** Whether every state is the output, [positions, units], or the last one. */
  sequence: boolean;
  /** Both to steps of 2^-12 of the gates' arguments. */
  inputs: Products;
  recurrent: Products;
  /** The grid that gates are rounded to. */
  gates: Grid;
  /** What each q of a gate is worth in steps of 2^-12. */
  worth: Int16Array;
  /** From the sum of both parts to the q of a sigmoid gate. */
  sigmoid: Rescale;
}

/** Where the parts and the state of one position are. */
export interface Position {
  /** The input's part from 0, the state's from gates x units. */
  parts: Int32Array;
  /** Of unit j the state before is states[before + j], and the next one goes to states[after + j]. */
  states: Int32Array;
  before: number;
  after: number;
}

/** Runs over the positions: fills the parts, then calls `step`. @param gates how many each unit has */
export function runPositions(
  op: RecurrentOp,
  gates: number,
  program: Program,
  memory: Memory,
  step: (position: Position) => void,
): void {
  const { positions, features, units, sequence } = op;
  const x = memory[op.input]!;
  const states = memory[op.output]!;
  const parts = memory[op.scratch]!;
  const { zeroPoint } = program.values[op.input]!.grid;
  const zeroState = program.values[op.output]!.grid.zeroPoint;
  const width = gates * units;
  // The state starts at 0, in the place where the first one goes.
  states.fill(zeroState, 0, units);
  for (let t = 0; t < positions; t++) {
    const after = sequence ? t * units : 0;
    const before = sequence && t > 0 ? after - units : after;
    const now = { x, from: t * features, rows: 1, count: features, zeroPoint };
    productRows(op.inputs, program, now, parts, 0, width);
    const past = { x: states, from: before, rows: 1, count: units, zeroPoint: zeroState };
    productRows(op.recurrent, program, past, parts, width, width);
    step({ parts, states, before, after });
  }
}

/** The struct of what both have in common in C. */
export function recurrentInC(op: RecurrentOp, to: CNames): string {
  const { layer, input, output, scratch } = op;
  return to.struct('qat_recurrent', [
    `&${to.products({ ...op.inputs, layer, input, output: scratch })}`,
    `&${to.products({ ...op.recurrent, layer, input: output, output: scratch })}`,
    `&${to.rescale(op.sigmoid)}`,
    to.data('int16_t', op.worth),
    op.positions,
    op.features,
    op.units,
    Number(op.sequence),
    to.zeroPoint(output),
  ]);
}

/** Registry entries that both share. */
export const recurrentKind = {
  scratch: (op: RecurrentOp) => [op.scratch],
  weights: (op: RecurrentOp) => [op.inputs.weights, op.recurrent.weights],
  biases: (op: RecurrentOp) => ({ biases: op.inputs.biases, 'recurrent.biases': op.recurrent.biases }),
  grids: (op: RecurrentOp) => ({ gates: op.gates }),
};
