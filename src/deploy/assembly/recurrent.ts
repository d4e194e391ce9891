/** gru and lstm of ../ops: the input's part of all positions by one product, then the state's and the cells one after the other. */
import { upTo, widen } from './layout';
import { products } from './products';
import { finish, Rescale, toGridByOne, toGridByTwo } from './rescale';

/** What ../vectors writes of an operation. */
@unmanaged
class Recurrent {
  positions: i32;
  features: i32;
  units: i32;
  /** Bytes from one position's states to the next one's: 0 where only the last is kept. */
  pitch: usize;
  /** Of the states. */
  zeroPoint: i32;
  inputWeights: usize;
  inputBiases: usize;
  inputRescale: usize;
  stateWeights: usize;
  stateBiases: usize;
  stateRescale: usize;
  curveBits: i32;
  gateBits: i32;
  resetBits: i32;
  /** i16 by q of a gate: what it is worth in steps of 2^-gateBits. */
  worth: usize;
  sigmoid: Rescale;
  candidate: Rescale;
  /** To the state's grid. */
  rescale: Rescale;
  /** To the code of a curve's argument, and its points as i16: of GRU's reset gate, of tanh of LSTM's cell. */
  codes: Rescale;
  curve: usize;
  /** LSTM: from f c + i g to the cell's grid. */
  cell: Rescale;
}

/** A curve at a code from -2^15 to 2^15 - 1: on the line between two points, rounded half to even. */
@inline
function onCurve(op: Recurrent, code: i32): i32 {
  const from = code + 0x8000;
  const points = op.curve + ((from >> op.curveBits) << 1);
  const product = (<i32>load<i16>(points, 2) - <i32>load<i16>(points)) * (from & ((1 << op.curveBits) - 1));
  const below = product >> op.curveBits;
  const beyond = product - (below << op.curveBits);
  return <i32>load<i16>(points) + below + i32(beyond + (below & 1) > 1 << (op.curveBits - 1));
}

/** What a gate is worth, from its sum of both parts. */
@inline
function gate(op: Recurrent, by: Rescale, own: usize, other: usize): i32 {
  return load<i16>(op.worth + (toGridByTwo(by, load<i32>(own), load<i32>(other)) << 1));
}

/** @param own, other i32 [3, units] @param before, after i32 [units]; may be the same */
@inline
function gruCells(op: Recurrent, own: usize, other: usize, before: usize, after: usize): void {
  const gates = <usize>op.units << 2;
  const one = 1 << op.gateBits;
  for (let j: usize = 0; j < gates; j += 4) {
    const r = onCurve(op, toGridByTwo(op.codes, load<i32>(own + j), load<i32>(other + j)));
    const z = gate(op, op.sigmoid, own + j + gates, other + j + gates);
    const hidden = r * load<i32>(other + j + 2 * gates);
    const argument = (load<i32>(own + j + 2 * gates) << op.resetBits) + hidden;
    const n: i32 = load<i16>(op.worth + (toGridByOne(op.candidate, argument) << 1));
    const kept = z * (load<i32>(before + j) - op.zeroPoint);
    store<i32>(after + j, toGridByTwo(op.rescale, (one - z) * n, kept));
  }
}

/** @param own, other i32 [4, units] @param cells, after i32 [units] */
@inline
function lstmCells(op: Recurrent, own: usize, other: usize, cells: usize, after: usize): void {
  const gates = <usize>op.units << 2;
  for (let j: usize = 0; j < gates; j += 4) {
    const i = gate(op, op.sigmoid, own + j, other + j);
    const f = gate(op, op.sigmoid, own + j + gates, other + j + gates);
    const g = gate(op, op.candidate, own + j + 2 * gates, other + j + 2 * gates);
    const o = gate(op, op.sigmoid, own + j + 3 * gates, other + j + 3 * gates);
    const cell = toGridByOne(op.cell, f * load<i32>(cells + j) + i * g);
    store<i32>(cells + j, cell);
    store<i32>(after + j, toGridByOne(op.rescale, o * onCurve(op, toGridByOne(op.codes, cell))));
  }
}

/**
 * @param x i16 [positions, features]
 * @param parts i32 [positions, gates x units up to 4]
 * @param own i32 [gates x units up to 4]
 * @param state i16 [units up to 2]
 * @param cells i32 [units]
 * @param y i32 [positions, units], or [units] where only the last state is kept
 */
@inline
function run(
  op: Recurrent,
  gates: i32,
  x: usize,
  parts: usize,
  own: usize,
  state: usize,
  cells: usize,
  y: usize,
): void {
  const units = op.units;
  const width = gates * units;
  const wide = upTo(width, 4);
  const pitch = <usize>wide << 2;
  const statePairs = (units + 1) >> 1;
  const pairs = (op.features + 1) >> 1;
  products(x, 1, op.positions, 0, op.features << 1, 1, 0, pairs, op.inputWeights, wide, parts);
  finish(parts, op.positions, width, pitch, op.inputBiases, op.inputRescale, parts, pitch);
  // The state starts at 0, in the place where the first one goes.
  for (let j = 0; j < units; j++) store<i32>(y + (<usize>j << 2), op.zeroPoint);
  memory.fill(cells, 0, <usize>units << 2);
  let before = y;
  for (let t = 0; t < op.positions; t++) {
    widen(before, 1, units, 0, op.zeroPoint, state);
    products(state, 1, 1, 0, 0, 1, 0, statePairs, op.stateWeights, wide, own);
    finish(own, 1, width, pitch, op.stateBiases, op.stateRescale, own, pitch);
    if (gates === 3) gruCells(op, parts, own, before, y);
    else lstmCells(op, parts, own, cells, y);
    before = y;
    y += op.pitch;
    parts += pitch;
  }
}

export function gru(
  struct: usize,
  x: usize,
  parts: usize,
  own: usize,
  state: usize,
  cells: usize,
  y: usize,
): void {
  run(changetype<Recurrent>(struct), 3, x, parts, own, state, cells, y);
}

export function lstm(
  struct: usize,
  x: usize,
  parts: usize,
  own: usize,
  state: usize,
  cells: usize,
  y: usize,
): void {
  run(changetype<Recurrent>(struct), 4, x, parts, own, state, cells, y);
}
