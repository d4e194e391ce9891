/** What the kinds of operations have in common, and what each must be able to do. */
import type { FunctionName } from '../c/function';
import type { Grid, Program, Rescale } from '../program';
import type { Operand, Step, Vectors } from '../vectors';

/** Fields of every operation. */
export interface Common {
  /** The layer that it belongs to. */
  layer: string;
  /** Index of the value that it reads. */
  input: number;
  /** Index of the value that it writes. */
  output: number;
}

/** Integer weights, what is added to each sum, and what takes the sum to the output's grid. */
export interface Products {
  /** Index into the program's weights. */
  weights: number;
  /** int32 at the scale of the sums, input scale * weight scale: one for each output channel. */
  biases: Int32Array;
  /**
   * To the output's grid, by output channel. Absent where the output is the int32 sums themselves, one scale a channel.
   */
  rescale?: Rescale;
}

/** Windows that slide over an image [height, width, channels]. */
export interface Windows {
  /** Of the input. */
  height: number;
  width: number;
  channels: number;
  outHeight: number;
  outWidth: number;
  /** Rows and columns of a window. */
  kernel: readonly [height: number, width: number];
  stride: readonly [vertical: number, horizontal: number];
  /** Rows above and columns left of the image that the first window starts at; what is outside counts as 0. */
  pad: readonly [top: number, left: number];
}

/** The values of one example while it runs: q by value index. */
export type Memory = readonly Int32Array[];

/** How an operation's call is written in C; ../c has the functions. */
export interface InC<O extends Common> {
  /** Functions of ../c/functions.ts that the call needs. */
  needs: readonly FunctionName[];
  /** C expressions: the call's arguments after the pointers. */
  call(op: O, to: CNames): string;
}

/** Types of constant arrays. */
export type CType = 'uint8_t' | 'int16_t' | 'uint16_t' | 'int32_t';

/** The C names of what an operation uses. */
export interface CNames {
  /** A pointer to a value's integers. */
  value(index: number): string;
  /** "1" where a value is int32, "0" where it is bytes. */
  wide(index: number): string;
  zeroPoint(index: number): string;
  /** How many integers a value has, and its channels. */
  count(index: number): number;
  channels(index: number): number;
  /** The struct of a product: weights, biases, rescaling. */
  products(op: Products & Common): string;
  /** The struct of a rescaling. @param channels over which its factors are laid out */
  rescale(by: Rescale): string;
  /** The struct of packed weights alone. */
  weights(index: number): string;
  /** A constant array. */
  data(type: CType, values: ArrayLike<number>): string;
  /** A constant struct of a type of ../c/functions.ts. */
  struct(type: string, fields: readonly (string | number)[]): string;
  /** The struct of windows. */
  windows(windows: Windows): string;
}

/** A value of a program and its zero point. */
export const operandOf = ({ values }: Program, value: number): Operand => ({
  value,
  zeroPoint: values[value]!.grid.zeroPoint,
});

export interface OpKindOf<O extends Common> {
  c: InC<O>;
  /** Indices of the values that it reads; default: its input. */
  reads?(op: O): readonly number[];
  /** Indices of values that hold something only while it runs. */
  scratch?(op: O): readonly number[];
  /** Indices of the weights that it uses. */
  weights?(op: O): readonly number[];
  /** int32 that are added to sums, by the names of an export; default: its `biases` where it has weights. */
  biases?(op: O): Readonly<Record<string, Int32Array>>;
  /** Grids that it rounds to inside, by the names of sites. */
  grids?(op: O): Readonly<Record<string, Grid>>;
  /** Writes the output's q of one example, in plain loops: what the operation means. Reads only what `reads` names. */
  evaluate(op: O, program: Program, memory: Memory): void;
  /** Lays it out in the engine's memory; the step evaluates it for a batch, or says that it has to be by `evaluate`. */
  prepare(op: O, program: Program, vectors: Vectors): Step;
}
