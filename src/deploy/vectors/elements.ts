/** What works on one number after the other, or on few together: the input, sums of two values, pools, layer norm. */
import { normalBits } from '@/kernels/integerLayerNorm/constants';
import type { EmbeddingOp, LayerNormOp, Windows } from '../ops';
import type { Grid, Rescale, Weights } from '../program';
import type { Operand, Step, Vectors } from './index';

const { fround } = Math;

/** Pixels and channels of one example. */
type Size = readonly [pixels: number, channels: number];

/** Writes numbers to a value, rounded to its grid: `quantizeAll` of ../arithmetic.ts. */
export function input(vectors: Vectors, value: number, grid: Grid): (numbers: ArrayLike<number>) => void {
  const { space, exports } = vectors;
  const [at] = vectors.addresses(value);
  const { scale, zeroPoint, qmin, qmax } = grid;
  const inverse = fround(1 / scale);
  return (numbers) => {
    // In the place of their integers.
    new Float32Array(space.memory.buffer, at, numbers.length).set(numbers);
    exports.quantize(at, numbers.length, inverse, zeroPoint, qmin - zeroPoint, qmax - zeroPoint);
  };
}

/** Takes two operands to one grid. */
export function combine(
  vectors: Vectors,
  by: Rescale,
  [a, b]: readonly [Operand, Operand],
  [pixels, channels]: Size,
  output: number,
): Step {
  const rescale = vectors.space.placeRescale(by);
  const [first, second, to] = vectors.addresses(a.value, b.value, output);
  const { combine: run } = vectors.exports;
  return (count) => {
    run(first, a.zeroPoint, second, b.zeroPoint, count * pixels, channels, rescale, to);
    return true;
  };
}

/** A value and weights of its shape. */
export function combineWeights(
  vectors: Vectors,
  by: Rescale,
  a: Operand,
  weights: Weights,
  [pixels, channels]: Size,
  output: number,
): Step {
  const rescale = vectors.space.placeRescale(by);
  const w = vectors.space.placeInt32(weights.values);
  const [x, y] = vectors.addresses(a.value, output);
  const { combine: run } = vectors.exports;
  return (count) => {
    for (let i = 0; i < count; i++) {
      const at = 4 * i * pixels * channels;
      run(x + at, a.zeroPoint, w, 0, pixels, channels, rescale, y + at);
    }
    return true;
  };
}

/** Rows of a table and weights of the positions. */
export function embed(
  vectors: Vectors,
  op: EmbeddingOp,
  table: Weights,
  positions: Weights,
  [rows, channels]: Size,
): Step {
  const { space, exports } = vectors;
  const rescale = space.placeRescale(op.rescale);
  const [all, w] = [space.placeInt32(table.values), space.placeInt32(positions.values)];
  const [x, y] = vectors.addresses(op.input, op.output);
  return (count) => {
    for (let i = 0; i < count; i++)
      exports.embed(x + 4 * i * rows, all, w, rows, channels, rescale, y + 4 * i * rows * channels);
    return true;
  };
}

/** Bytes of one example's image, before and behind windows. */
const sizesOf = ({ height, width, channels, outHeight, outWidth }: Windows) =>
  [4 * height * width * channels, 4 * outHeight * outWidth * channels] as const;

/** The largest of each window, whole inside the image. */
export function largest(vectors: Vectors, windows: Windows, value: number, output: number): Step {
  const { outHeight, outWidth, kernel, channels } = windows;
  const [rows, columns] = kernel;
  const [down, right, row] = slides(windows);
  const [bytes, outBytes] = sizesOf(windows);
  const [x, y] = vectors.addresses(value, output);
  const { maxPool } = vectors.exports;
  return (count) => {
    for (let i = 0; i < count; i++) {
      const to = y + i * outBytes;
      maxPool(x + i * bytes, outHeight, outWidth, down, right, rows, columns, row, channels, to);
    }
    return true;
  };
}

/** Sums of each window less its zero points, taken to a grid. */
export function sums(
  vectors: Vectors,
  windows: Windows,
  by: Rescale,
  { value, zeroPoint }: Operand,
  output: number,
): Step {
  const { outHeight, outWidth, kernel, channels } = windows;
  const [rows, columns] = kernel;
  const [down, right, row] = slides(windows);
  const [bytes, outBytes] = sizesOf(windows);
  const start = -zeroPoint * rows * columns;
  const rescale = vectors.space.placeRescale(by);
  const [x, y] = vectors.addresses(value, output);
  const { sumPool, finish } = vectors.exports;
  return (count) => {
    for (let i = 0; i < count; i++) {
      const to = y + i * outBytes;
      sumPool(x + i * bytes, outHeight, outWidth, down, right, rows, columns, row, channels, start, to);
      finish(to, outHeight * outWidth, channels, 4 * channels, 0, rescale, to, 4 * channels);
    }
    return true;
  };
}

/** Of i32 inside an image: bytes from a window to the one below and to the one at its right, and from row to row. */
function slides({ width, channels, stride }: Windows): [down: number, right: number, row: number] {
  const row = 4 * width * channels;
  return [stride[0] * row, stride[1] * channels * 4, row];
}

/** @param rows of one example */
export function layerNorm(
  vectors: Vectors,
  op: LayerNormOp,
  { value, zeroPoint }: Operand,
  rows: number,
): Step {
  const { space, exports } = vectors;
  const { features, epsilon, output } = op;
  const [gamma, beta] = [space.placeInt32(op.gamma), space.placeInt32(op.beta)];
  const rescale = space.placeRescale(op.rescale);
  const [x, y] = vectors.addresses(value, output);
  return (count) => {
    exports.layerNorm(x, count * rows, features, zeroPoint, epsilon, normalBits, gamma, beta, rescale, y);
    return true;
  };
}
