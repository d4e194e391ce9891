/** What operations with weights share: adding the bias to a sum and taking it to the output's grid. */
import { rescale } from '../arithmetic';
import type { Program } from '../program';
import type { Products, Windows } from './op';

/** The q that a sum of channel c becomes, or the sum itself where it is not rescaled. */
export function finish({ biases, rescale: by }: Products, c: number, sum: number): number {
  const biased = sum + biases[c]!;
  return by ? rescale(by, c, biased) : biased;
}

/** Calls `visit` with the index of each output pixel and the pixels of the input under its window, which may lie outside. */
export function forEachWindow(
  { outHeight, outWidth, stride, pad }: Windows,
  visit: (pixel: number, row: number, column: number) => void,
): void {
  for (let i = 0; i < outHeight; i++)
    for (let j = 0; j < outWidth; j++)
      visit(i * outWidth + j, i * stride[0] - pad[0], j * stride[1] - pad[1]);
}

/** A row of a value: `count` integers from index `from`. */
interface Row {
  x: Int32Array;
  from: number;
  count: number;
  zeroPoint: number;
}

/** The product of a row with weights [count, units], finished, to y[at ...]. */
export function productRow(
  op: Products,
  program: Program,
  { x, from, count, zeroPoint }: Row,
  y: Int32Array,
  at: number,
  units: number,
): void {
  const w = program.weights[op.weights]!.values;
  const sums = new Int32Array(units);
  for (let k = 0; k < count; k++) {
    const value = x[from + k]! - zeroPoint;
    if (value === 0) continue;
    for (let o = 0; o < units; o++) sums[o]! += value * w[k * units + o]!;
  }
  for (let o = 0; o < units; o++) y[at + o] = finish(op, o, sums[o]!);
}
