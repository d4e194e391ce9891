/** What operations with weights share: sums of products, adding the bias to a sum and taking it to the output's grid. */
import { rescale } from '../arithmetic';
import type { Program } from '../program';
import type { Layer } from '../vectors/products';
import { type Common, operandOf, type Products, type Windows } from './op';

/** The q that a sum of channel c becomes, or the sum itself where it is not rescaled. */
export function finish({ biases, rescale: by }: Products, c: number, sum: number): number {
  const biased = (sum + biases[c]!) | 0;
  return by ? rescale(by, c, biased) : biased;
}

/** What ../vectors needs of a layer with weights. */
export const layerOf = (op: Products & Common, program: Program): Layer => ({
  op,
  weights: program.weights[op.weights]!,
  x: operandOf(program, op.input),
  output: op.output,
});

/** Calls `visit` with the index of each output pixel and the pixels of the input under its window, which may lie outside. */
export function forEachWindow(
  { outHeight, outWidth, stride, pad }: Windows,
  visit: (pixel: number, row: number, column: number) => void,
): void {
  for (let i = 0; i < outHeight; i++)
    for (let j = 0; j < outWidth; j++)
      visit(i * outWidth + j, i * stride[0] - pad[0], j * stride[1] - pad[1]);
}

/** Rows of a value: `rows` times `count` integers from index `from`. */
interface Rows {
  x: Int32Array;
  from: number;
  rows: number;
  count: number;
  zeroPoint: number;
}

/** The products of rows with weights [count, units], finished, to y[at ...]. */
export function productRows(
  op: Products,
  program: Program,
  source: Rows,
  y: Int32Array,
  at: number,
  units: number,
): void {
  const { x, from, rows, count, zeroPoint } = source;
  const w = program.weights[op.weights]!.values;
  const sums = new Int32Array(units);
  for (let r = 0; r < rows; r++) {
    sums.fill(0);
    for (let k = 0; k < count; k++) {
      const value = x[from + r * count + k]! - zeroPoint;
      if (value === 0) continue;
      for (let o = 0; o < units; o++) sums[o]! += value * w[k * units + o]!;
    }
    for (let o = 0; o < units; o++) y[at + r * units + o] = finish(op, o, sums[o]!);
  }
}
