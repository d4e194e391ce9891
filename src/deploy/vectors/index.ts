/**
 * The operations of ../ops in WebAssembly (../assembly), equal to their plain loops to the bit: sums of products by SIMD,
 * operands widened to 16 bits, sums in int32; rescaling by 64-bit integers. Where there is no SIMD, or an operand of a product
 * leaves 16 bits, the plain loops run instead.
 */

import { decodeInlined } from '@/kernels/inlined';
import { normalBits } from '@/kernels/integerLayerNorm/constants';
import { shareBits } from '@/kernels/integerSoftmax/constants';
import { curveBits, gateBits, resetBits } from '@/quant/fixedPoint';
import binaryUrl from '../../../build/assembly/integers.wasm?url&inline';
import type {
  AttentionOp,
  EmbeddingOp,
  GruOp,
  LayerNormOp,
  LstmOp,
  Products,
  RecurrentOp,
  Windows,
} from '../ops';
import type { Program, Rescale, Weights } from '../program';
import { asWindows, imageOf, placeFilters, placeWeights, type Source, writeImage } from './layout';
import { upTo, Workspace } from './workspace';

type Exported = (...values: number[]) => void;
type Exports = Record<
  | 'products'
  | 'channelProducts'
  | 'finish'
  | 'combine'
  | 'maxPool'
  | 'sumPool'
  | 'layerNorm'
  | 'attention'
  | 'gru'
  | 'lstm',
  Exported
>;

/** A value and its zero point. */
export interface Operand {
  x: Int32Array;
  zeroPoint: number;
}

/** Compiled once: null where it does not compile, as without SIMD. */
let compiled: WebAssembly.Module | null | undefined;
function compile(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(decodeInlined(binaryUrl));
  } catch {
    return null;
  }
}

export class Vectors {
  private readonly space = new Workspace();
  private readonly exports: Exports;

  private constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, { env: { memory: this.space.memory } });
    this.exports = instance.exports as unknown as Exports;
  }

  /** With a memory of its own; undefined where there is no SIMD. */
  static make(): Vectors | undefined {
    compiled ??= compile();
    return compiled ? new Vectors(compiled) : undefined;
  }

  /**
   * Products of each window with weights [rows, columns, channels, units], finished, to y[at ...].
   * @returns false where x leaves 16 bits
   */
  products(
    op: Products,
    weights: Weights,
    windows: Windows,
    units: number,
    source: Source,
    y: Int32Array,
    at = 0,
  ): boolean {
    const { space } = this;
    const { channels, outHeight, outWidth, kernel, stride } = windows;
    const columns = kernel[1] * channels;
    const w = placeWeights(space, weights, kernel[0], columns, units);
    const { biases, rescale } = this.ends(op);
    const image = imageOf(windows);
    const [wide, pixels] = [upTo(units, 4), outHeight * outWidth];
    const [x, sums] = space.scratch(image.rows * image.rowBytes, 4 * pixels * wide);
    if (!writeImage(space, windows, image, source, x)) return false;
    const [down, right] = [stride[0] * image.rowBytes, stride[1] * channels * 2];
    const shape = [kernel[0], image.rowBytes, Math.ceil(columns / 2)] as const;
    this.exports.products(x, outHeight, outWidth, down, right, ...shape, w, wide, sums);
    this.exports.finish(sums, pixels, units, 4 * wide, biases, rescale, sums, 4 * units);
    space.read(sums, pixels * units, y, at);
    return true;
  }

  /** The same of each channel's windows with its own weights, [rows, columns, channels]. */
  channelProducts(op: Products, weights: Weights, windows: Windows, source: Source, y: Int32Array): boolean {
    const { space } = this;
    const { channels, outHeight, outWidth, kernel, stride } = windows;
    const w = placeFilters(space, weights, kernel[0] * kernel[1], channels);
    const { biases, rescale } = this.ends(op);
    const image = imageOf(windows);
    const [wide, pixels] = [upTo(channels, 8), outHeight * outWidth];
    const [x, sums] = space.scratch(image.rows * image.rowBytes, 4 * pixels * wide);
    if (!writeImage(space, windows, image, source, x)) return false;
    const [down, right] = [stride[0] * image.rowBytes, stride[1] * channels * 2];
    const bytes = [image.rowBytes, channels * 2] as const;
    this.exports.channelProducts(x, outHeight, outWidth, down, right, ...kernel, ...bytes, w, wide, sums);
    this.exports.finish(sums, pixels, channels, 4 * wide, biases, rescale, sums, 4 * channels);
    space.read(sums, pixels * channels, y);
    return true;
  }

  /** Takes two operands [pixels, channels] to one grid. */
  combine(by: Rescale, a: Operand, b: Operand, channels: number, y: Int32Array): void {
    const { space } = this;
    const rescale = space.placeRescale(by);
    const [first, second, to] = space.scratch(4 * y.length, 4 * y.length, 4 * y.length);
    space.write(a.x, first);
    space.write(b.x, second);
    const pixels = y.length / channels;
    this.exports.combine(first, a.zeroPoint, second, b.zeroPoint, pixels, channels, rescale, to);
    space.read(to, y.length, y);
  }

  /** A value and weights of its shape. */
  combineWeights(by: Rescale, a: Operand, weights: Weights, channels: number, y: Int32Array): void {
    const { space } = this;
    const rescale = space.placeRescale(by);
    const w = space.placeInt32(weights.values);
    const [x, to] = space.scratch(4 * y.length, 4 * y.length);
    space.write(a.x, x);
    this.exports.combine(x, a.zeroPoint, w, 0, y.length / channels, channels, rescale, to);
    space.read(to, y.length, y);
  }

  /** Rows of a table and weights of the positions. */
  embed(
    { rescale: by }: EmbeddingOp,
    table: Weights,
    positions: Weights,
    symbols: Int32Array,
    y: Int32Array,
  ): void {
    const { space } = this;
    const rescale = space.placeRescale(by);
    const [rows, w] = [space.placeInt32(table.values), space.placeInt32(positions.values)];
    const [x, to] = space.scratch(4 * y.length, 4 * y.length);
    const width = y.length / symbols.length;
    for (let t = 0; t < symbols.length; t++) {
      const from = rows / 4 + symbols[t]! * width;
      space.int32.copyWithin(x / 4 + t * width, from, from + width);
    }
    this.exports.combine(x, 0, w, 0, symbols.length, width, rescale, to);
    space.read(to, y.length, y);
  }

  /** The largest of each window, whole inside the image. */
  largest(windows: Windows, x: Int32Array, y: Int32Array): void {
    const [from, to] = this.space.scratch(4 * x.length, 4 * y.length);
    this.space.write(x, from);
    this.exports.maxPool(from, ...slides(windows), to);
    this.space.read(to, y.length, y);
  }

  /** Sums of each window less its zero points, taken to a grid. */
  sums(windows: Windows, by: Rescale, { x, zeroPoint }: Operand, y: Int32Array): void {
    const { space } = this;
    const { channels, kernel } = windows;
    const rescale = space.placeRescale(by);
    const [from, to] = space.scratch(4 * x.length, 4 * y.length);
    space.write(x, from);
    this.exports.sumPool(from, ...slides(windows), -zeroPoint * kernel[0] * kernel[1], to);
    const pitch = 4 * channels;
    this.exports.finish(to, y.length / channels, channels, pitch, 0, rescale, to, pitch);
    space.read(to, y.length, y);
  }

  normalize(op: LayerNormOp, { x, zeroPoint }: Operand, y: Int32Array): void {
    const { space } = this;
    const { features, epsilon } = op;
    const [gamma, beta] = [space.placeInt32(op.gamma), space.placeInt32(op.beta)];
    const rescale = space.placeRescale(op.rescale);
    const [from, to] = space.scratch(4 * x.length, 4 * x.length);
    space.write(x, from);
    const sizes = [x.length / features, features, zeroPoint, epsilon, normalBits] as const;
    this.exports.layerNorm(from, ...sizes, gamma, beta, rescale, to);
    space.read(to, x.length, y);
  }

  attend(
    op: AttentionOp,
    [queries, keys, values]: readonly [queries: Operand, keys: Operand, values: Operand],
    y: Int32Array,
  ): void {
    const { space } = this;
    const { positions, features, heads, exponentials, softmax } = op;
    const depth = features / heads;
    const fields = [
      ...[positions, features, heads, Number(op.causal)],
      ...[queries, keys, values].map(({ zeroPoint }) => zeroPoint),
      ...[op.scores, op.shares, op.rescale].map((by) => space.placeRescale(by)),
      ...[space.placeInt16(exponentials), exponentials.length, shareBits, softmax.zeroPoint],
    ];
    const at = space.place(op, 4 * fields.length, (to) => space.int32.set(fields, to / 4));
    const pairs = Math.ceil(Math.max(positions, depth) / 2);
    const wide = upTo(Math.max(positions, depth), 4);
    const all = 4 * y.length;
    const room = [4 * positions * pairs, 4 * pairs * wide, 4 * positions * wide] as const;
    const [q, k, v, to, rows, weights, sums] = space.scratch(all, all, all, all, ...room);
    space.write(queries.x, q);
    space.write(keys.x, k);
    space.write(values.x, v);
    this.exports.attention(at, q, k, v, to, rows, weights, sums);
    space.read(to, y.length, y);
  }

  /** @returns false where x leaves 16 bits */
  gru(op: GruOp, program: Program, x: Operand, y: Int32Array): boolean {
    return this.recur(op, 3, program, x, y, [op.resetCodes, op.reset]);
  }

  /** The same. */
  lstm(op: LstmOp, program: Program, x: Operand, y: Int32Array): boolean {
    return this.recur(op, 4, program, x, y, [op.cellCodes, op.cellTanh], op.cell);
  }

  private recur(
    op: RecurrentOp & { candidate: Rescale; rescale: Rescale },
    gates: 3 | 4,
    program: Program,
    { x, zeroPoint }: Operand,
    y: Int32Array,
    [codes, curve]: readonly [Rescale, Int16Array],
    cell?: Rescale,
  ): boolean {
    const { space } = this;
    const { positions, features, units, inputs, recurrent } = op;
    const product = ({ weights, biases, rescale }: Products, count: number) => [
      placeWeights(space, program.weights[weights]!, 1, count, gates * units),
      space.placeInt32(biases),
      space.placeRescale(rescale),
    ];
    const fields = [
      ...[positions, features, units, op.sequence ? 4 * units : 0],
      program.values[op.output]!.grid.zeroPoint,
      ...[...product(inputs, features), ...product(recurrent, units)],
      ...[curveBits, gateBits, resetBits, space.placeInt16(op.worth)],
      ...[op.sigmoid, op.candidate, op.rescale, codes].map((by) => space.placeRescale(by)),
      ...[space.placeInt16(curve), space.placeRescale(cell)],
    ];
    const at = space.place(op, 4 * fields.length, (to) => space.int32.set(fields, to / 4));
    const rows = asWindows(positions, features);
    const image = imageOf(rows);
    const wide = upTo(gates * units, 4);
    const room = [4 * positions * wide, 4 * wide, 2 * units, 4 * units] as const;
    const [from, ...places] = space.scratch(positions * image.rowBytes, ...room, 4 * y.length);
    if (!writeImage(space, rows, image, { x, from: 0, zeroPoint }, from)) return false;
    this.exports[gates === 3 ? 'gru' : 'lstm'](at, from, ...places);
    space.read(places[4], y.length, y);
    return true;
  }

  /** What follows the sums of a product. */
  private ends({ biases, rescale }: Products) {
    return { biases: this.space.placeInt32(biases), rescale: this.space.placeRescale(rescale) };
  }
}

/** Windows of i32 inside an image, as pools take them. */
function slides({ width, channels, outHeight, outWidth, kernel, stride }: Windows) {
  const row = 4 * width * channels;
  return [outHeight, outWidth, stride[0] * row, stride[1] * channels * 4, ...kernel, row, channels] as const;
}
