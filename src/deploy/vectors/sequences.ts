/** Attention, GRU and LSTM. */
import { shareBits } from '@/kernels/integerSoftmax/constants';
import { curveBits, gateBits, resetBits } from '@/quant/fixedPoint';
import type { AttentionOp, GruOp, LstmOp, Products } from '../ops';
import type { Program, Rescale } from '../program';
import type { Operand, Step, Vectors } from './index';
import { placeWeights } from './layout';
import { upTo } from './workspace';

/** Examples of a recurrent layer that go through their positions together. */
const atOnce = 16;

export function attention(
  vectors: Vectors,
  op: AttentionOp,
  operands: readonly [queries: Operand, keys: Operand, values: Operand],
): Step {
  const { space, exports } = vectors;
  const { positions, features, heads, exponentials, softmax } = op;
  const depth = features / heads;
  const fields = [
    ...[positions, features, heads, Number(op.causal)],
    ...operands.map(({ zeroPoint }) => zeroPoint),
    ...[op.scores, op.shares, op.rescale].map((by) => space.placeRescale(by)),
    ...[space.placeInt16(exponentials), exponentials.length, shareBits, softmax.zeroPoint],
  ];
  const struct = space.place(op, 4 * fields.length, (to) => space.int32.set(fields, to / 4));
  const pairs = Math.ceil(Math.max(positions, depth) / 2);
  const wide = upTo(Math.max(positions, depth), 4);
  const [rows, weights, sums] = space.scratch(4 * positions * pairs, 4 * pairs * wide, 4 * positions * wide);
  const [queries, keys, values] = operands;
  const [q, k, v, y] = vectors.addresses(queries.value, keys.value, values.value, op.output);
  return (count) => {
    const { room } = space;
    for (let i = 0; i < count; i++) {
      const at = 4 * i * positions * features;
      exports.attention(struct, q + at, k + at, v + at, y + at, room + rows, room + weights, room + sums);
    }
    return true;
  };
}

export const gru = (vectors: Vectors, op: GruOp, program: Program, x: Operand): Step =>
  recurrent(vectors, op, 3, program, x, [op.resetCodes, op.reset]);

export const lstm = (vectors: Vectors, op: LstmOp, program: Program, x: Operand): Step =>
  recurrent(vectors, op, 4, program, x, [op.cellCodes, op.cellTanh], op.cell);

function recurrent(
  vectors: Vectors,
  op: GruOp | LstmOp,
  gates: 3 | 4,
  program: Program,
  { value, zeroPoint }: Operand,
  [codes, curve]: readonly [Rescale, Int16Array],
  cell?: Rescale,
): Step {
  const { space, exports, batch } = vectors;
  const { positions, features, units, sequence } = op;
  const product = ({ weights, biases, rescale }: Products, columns: number) => [
    placeWeights(space, program.weights[weights]!, 1, columns, gates * units),
    space.placeInt32(biases),
    space.placeRescale(rescale),
  ];
  const fields = [
    ...[positions, features, units, Number(sequence)],
    program.values[op.output]!.grid.zeroPoint,
    ...[...product(op.inputs, features), ...product(op.recurrent, units)],
    ...[curveBits, gateBits, resetBits, space.placeInt16(op.worth)],
    ...[op.sigmoid, op.candidate, op.rescale, codes].map((by) => space.placeRescale(by)),
    ...[space.placeInt16(curve), space.placeRescale(cell)],
  ];
  const struct = space.place(op, 4 * fields.length, (to) => space.int32.set(fields, to / 4));
  const most = Math.min(atOnce, batch);
  const [width, wide] = [upTo(gates * units, 4), upTo(units, 4)];
  const [rows, parts, own, states, cells] = space.scratch(
    2 * most * positions * features,
    4 * most * positions * width,
    4 * most * width,
    2 * most * wide,
    4 * most * wide,
  );
  const [x, y] = vectors.addresses(value, op.output);
  const run = exports[gates === 3 ? 'gru' : 'lstm'];
  const [integers, kept] = [positions * features, (sequence ? positions : 1) * units];
  return (count) => {
    const { room } = space;
    const from = room + rows;
    for (let i = 0; i < count; i += most) {
      const some = Math.min(most, count - i);
      if (!exports.widen(x + 4 * i * integers, 1, some * integers, 0, zeroPoint, from, 0)) return false;
      run(struct, some, from, room + parts, room + own, room + states, room + cells, y + 4 * i * kept);
    }
    return true;
  };
}
