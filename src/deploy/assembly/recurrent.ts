/**
 * gru and lstm of ../ops on several examples at once: the input's part of all positions by one product, then position by position
 * the state's of all examples, and their cells, four units at once.
 */
import { upTo } from './layout';
import { products } from './products';
import { finish, fourOf, Rescale, storeUpTo, toGrid, toGridByTwo } from './rescale';

/** What ../vectors writes of an operation. */
@unmanaged
class Recurrent {
  positions: i32;
  features: i32;
  units: i32;
  /** Whether every state is kept, or the last one. */
  sequence: i32;
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

/** A curve at codes from -2^15 to 2^15 - 1: on the line between two points, rounded half to even. */
@inline
function onCurve(op: Recurrent, codes: v128): v128 {
  const from = i32x4.add(codes, i32x4.splat(0x8000));
  const at = i32x4.shl(i32x4.shr_u(from, op.curveBits), 1);
  // Each point and, in the upper half, the next one.
  const points = fourOf(
    load<i32>(op.curve + i32x4.extract_lane(at, 0)),
    load<i32>(op.curve + i32x4.extract_lane(at, 1)),
    load<i32>(op.curve + i32x4.extract_lane(at, 2)),
    load<i32>(op.curve + i32x4.extract_lane(at, 3)),
  );
  const point = i32x4.shr_s(i32x4.shl(points, 16), 16);
  const rest = v128.and(from, i32x4.splat((1 << op.curveBits) - 1));
  const product = i32x4.mul(i32x4.sub(i32x4.shr_s(points, 16), point), rest);
  const below = i32x4.shr_s(product, op.curveBits);
  const beyond = i32x4.sub(product, i32x4.shl(below, op.curveBits));
  const tie = i32x4.add(beyond, v128.and(below, i32x4.splat(1)));
  const up = i32x4.gt_s(tie, i32x4.splat(1 << (op.curveBits - 1)));
  return i32x4.sub(i32x4.add(point, below), up);
}

/** What gates are worth, from their q. */
@inline
function worthOf(op: Recurrent, q: v128): v128 {
  return fourOf(
    load<i16>(op.worth + (i32x4.extract_lane(q, 0) << 1)),
    load<i16>(op.worth + (i32x4.extract_lane(q, 1) << 1)),
    load<i16>(op.worth + (i32x4.extract_lane(q, 2) << 1)),
    load<i16>(op.worth + (i32x4.extract_lane(q, 3) << 1)),
  );
}

/** What gates are worth, from the sums of both parts. */
@inline
function gate(op: Recurrent, by: Rescale, own: usize, other: usize): v128 {
  return worthOf(op, toGridByTwo(by, v128.load(own), v128.load(other)));
}

/** Keeps four states: less their zero point as i16, and where `y` is not 0 as they are. */
@inline
function keep(op: Recurrent, q: v128, state: usize, j: usize, y: usize): void {
  const value = i32x4.sub(q, i32x4.splat(op.zeroPoint));
  v128.store64_lane(state + (j >> 1), i16x8.narrow_i32x4_s(value, value), 0);
  if (y) storeUpTo(y + j, q, (<isize>op.units << 2) - j);
}

/** @param own, other i32 [3, units] @param state i16 [units] @param y i32 [units], or 0 */
@inline
function gruCells(op: Recurrent, own: usize, other: usize, state: usize, y: usize): void {
  const gates = <usize>op.units << 2;
  const one = i32x4.splat(1 << op.gateBits);
  for (let j: usize = 0; j < gates; j += 16) {
    const r = onCurve(op, toGridByTwo(op.codes, v128.load(own + j), v128.load(other + j)));
    const z = gate(op, op.sigmoid, own + j + gates, other + j + gates);
    const hidden = i32x4.mul(r, v128.load(other + j + 2 * gates));
    const argument = i32x4.add(i32x4.shl(v128.load(own + j + 2 * gates), op.resetBits), hidden);
    const n = worthOf(op, toGrid(op.candidate, argument));
    const kept = i32x4.mul(z, v128.load16x4_s(state + (j >> 1)));
    keep(op, toGridByTwo(op.rescale, i32x4.mul(i32x4.sub(one, z), n), kept), state, j, y);
  }
}

/** @param own, other i32 [4, units] @param cells i32 [units] @param state i16 [units] @param y i32 [units], or 0 */
@inline
function lstmCells(op: Recurrent, own: usize, other: usize, cells: usize, state: usize, y: usize): void {
  const gates = <usize>op.units << 2;
  for (let j: usize = 0; j < gates; j += 16) {
    const i = gate(op, op.sigmoid, own + j, other + j);
    const f = gate(op, op.sigmoid, own + j + gates, other + j + gates);
    const g = gate(op, op.candidate, own + j + 2 * gates, other + j + 2 * gates);
    const o = gate(op, op.sigmoid, own + j + 3 * gates, other + j + 3 * gates);
    const cell = toGrid(op.cell, i32x4.add(i32x4.mul(f, v128.load(cells + j)), i32x4.mul(i, g)));
    v128.store(cells + j, cell);
    keep(op, toGrid(op.rescale, i32x4.mul(o, onCurve(op, toGrid(op.codes, cell)))), state, j, y);
  }
}

/**
 * Where units are no multiple of four, what is called [units] has room for the multiple but in y.
 * @param x i16 [examples, positions, features]
 * @param parts room for i32 [examples, positions, gates x units]
 * @param own room for i32 [examples, gates x units]
 * @param state room for i16 [examples, units]
 * @param cells room for i32 [examples, units]
 * @param y i32 [examples, positions, units], or [examples, units] where only the last state is kept
 */
@inline
function run(
  op: Recurrent,
  gates: i32,
  examples: i32,
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
  const statePitch = <usize>upTo(units, 4) << 1;
  const cellPitch = statePitch << 1;
  const pairs = (op.features + 1) >> 1;
  const rows = examples * op.positions;
  const kept = op.sequence ? op.positions : 1;
  products(x, 1, rows, 0, op.features << 1, 1, 0, pairs, op.inputWeights, wide, parts);
  finish(parts, rows, width, pitch, op.inputBiases, op.inputRescale, parts, pitch);
  memory.fill(state, 0, examples * statePitch);
  memory.fill(cells, 0, examples * cellPitch);
  for (let t = 0; t < op.positions; t++) {
    products(state, 1, examples, 0, <i32>statePitch, 1, 0, (units + 1) >> 1, op.stateWeights, wide, own);
    finish(own, examples, width, pitch, op.stateBiases, op.stateRescale, own, pitch);
    const keeps = op.sequence || t === op.positions - 1;
    for (let example = 0; example < examples; example++) {
      const part = parts + (example * op.positions + t) * pitch;
      const now = state + example * statePitch;
      const to: usize = keeps ? y + ((<usize>((example * kept + (op.sequence ? t : 0)) * units)) << 2) : 0;
      if (gates === 3) gruCells(op, part, own + example * pitch, now, to);
      else lstmCells(op, part, own + example * pitch, cells + example * cellPitch, now, to);
    }
  }
}

export function gru(
  struct: usize,
  examples: i32,
  x: usize,
  parts: usize,
  own: usize,
  state: usize,
  cells: usize,
  y: usize,
): void {
  run(changetype<Recurrent>(struct), 3, examples, x, parts, own, state, cells, y);
}

export function lstm(
  struct: usize,
  examples: i32,
  x: usize,
  parts: usize,
  own: usize,
  state: usize,
  cells: usize,
  y: usize,
): void {
  run(changetype<Recurrent>(struct), 4, examples, x, parts, own, state, cells, y);
}
