/** What the kinds of operations have in common, and what each must be able to do. */
import type { Program, Rescale } from '../program';

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

/** The values while one example runs: q by value index. */
export type Memory = Int32Array[];

export interface OpKindOf<O extends Common> {
  /** Indices of the values that it reads; default: its input. */
  reads?(op: O): readonly number[];
  /** Indices of the weights that it uses. */
  weights?(op: O): readonly number[];
  /** Writes the output's q. Reads only what `reads` names. */
  evaluate(op: O, program: Program, memory: Memory): void;
}
