/**
 * The integer program: what a trained network becomes. Plain data, a list of operations over numbered values, which the
 * integer engine runs (./engine.ts), the C export prints (./c) and other exporters translate. ./ops has one file for each
 * kind of operation: its meaning, its evaluation, its C.
 *
 * Values are what flows: each is an array of integers q in [qmin, qmax] that mean (q - zeroPoint) * scale. Activations are
 * unsigned integers of 1 to 8 bits; sums on their way and logits are int32. Shapes are of one example, without a batch axis:
 * [features], [height, width, channels] or [positions, features], row-major, channels last.
 */
import type { TableFunction } from '@/quant/fixedPoint';
import type { Op } from './ops';

export type { Op, OpKind } from './ops';

/** The integers that a value or an operand may be, and what they mean: (q - zeroPoint) * scale. */
export interface Grid {
  /** float32 */
  scale: number;
  zeroPoint: number;
  qmin: number;
  qmax: number;
}

/** A value that operations read and write, by its index in `values`. */
export interface Value {
  /** Unique: "input", "conv1", "gru1 gates", "dense2 sums". */
  name: string;
  /** The layer that makes it; "input" for the network's input. */
  layer: string;
  shape: readonly number[];
  /** 1 to 8: unsigned, kept in a byte each by engine and C. 32: int32. */
  bits: number;
  grid: Grid;
  /**
   * Present where each channel (the last axis) has a scale of its own; then `grid.scale` is 1 and (q - zeroPoint) * scales[c]
   * is meant. Sums that wait for a residual addition only.
   */
  scales?: Float32Array;
}

/** How the integers of a weight tensor are stored in `bits` bits each; see ./packing.ts. */
export type Encoding =
  /** Two's complement. */
  | 'twos'
  /** The odd numbers from -(2^bits - 1) to 2^bits - 1, as code c for 2c - (2^bits - 1): signs at 1 bit, DoReFa's levels. */
  | 'odd';

/** A weight tensor: integers w that mean w * scale. */
export interface Weights {
  /** Unique: "conv1 weights", "gru1 recurrent". */
  name: string;
  layer: string;
  /** Output channel last: [in, out], HWIO, depthwise [k, k, channels]. */
  shape: readonly number[];
  /** 1 to 8 */
  bits: number;
  encoding: Encoding;
  /** The integers, row-major. */
  values: Int16Array;
  /** The same, packed: ceil(count * bits / 8) bytes. */
  packed: Uint8Array;
  /** float32: one for each output channel, or one for all. */
  scales: Float32Array;
}

/**
 * What takes sums to another grid: q = clamp(zeroPoint + round(sum over operands i of v_i * multipliers[i][c] / 2^shifts[c]),
 * low, high), rounded once, half to even. The v_i are integers of the operand's scale with the zero point taken off.
 * Multipliers are from 0 to 2^31 - 1, shifts from 1 to 62; ./arithmetic.ts makes and applies them.
 */
export interface Rescale {
  /** For each operand one multiplier, or one for each channel. */
  multipliers: readonly Int32Array[];
  /** As long as the longest of the multipliers. */
  shifts: Int32Array;
  zeroPoint: number;
  /** Bounds of q: the grid's own, with ReLU the lower one is the zero point. */
  low: number;
  high: number;
  /** Present where q is the code of a function's argument: the q of its value. */
  table?: StepTable;
}

/** A function of codes with few values: from code starts[i] on, the least being -2^15, it is values[i]. */
export interface StepTable {
  function: TableFunction;
  /** Ascending. */
  starts: Int16Array;
  values: Uint8Array;
}

export interface Program {
  /** Its first value is the input. */
  values: readonly Value[];
  weights: readonly Weights[];
  /** In the order in which they run. */
  ops: readonly Op[];
  /** Index of the value that holds the input: quantized by `quantizeInput`, or the symbols of a text. */
  input: number;
  /** Index of the value that holds the logits: int32 of scale 2^-12, or on a grid where the last layer has bits. [classes] or [positions, classes] */
  output: number;
  /** For each layer that rounds, the value of its output; a name that is not there (rows, dropout) moves no number. */
  outputs: Readonly<Record<string, number>>;
  /** What had to stay float, a sentence each; empty where everything is integers. */
  floats: readonly string[];
}

/** Fractional bits of logits that have no bits of their own, so that they have one scale whatever those of the channels. */
export const logitBits = 12;
/** Logits are int32 between -logitLimit and logitLimit: exact as float32 too. */
export const logitLimit = 2 ** 24;
/** The grid of logits that have no bits of their own. */
export const logitGrid: Grid = {
  scale: 2 ** -logitBits,
  zeroPoint: 0,
  qmin: -logitLimit,
  qmax: logitLimit,
};

/** A network that has no integer form; the message says for which layer and what to choose instead. */
export class NoIntegerForm extends Error {
  override name = 'NoIntegerForm';
}
