/**
 * Sums of products by WebAssembly SIMD (./assembly): operands widened to 16 bits, sums in int32, equal to the plain loops of
 * ./ops to the bit. Where there is no SIMD, or an operand leaves 16 bits, those run instead.
 */
import { decodeInlined } from '@/kernels/inlined';
import binaryUrl from '../../build/assembly/integers.wasm?url&inline';
import type { Windows } from './ops';
import type { Weights } from './program';

type Exported = (...values: number[]) => void;
interface Exports {
  products: Exported;
  channelProducts: Exported;
}

/** Windows over integers that mean x - zeroPoint, from index `from`. */
export interface Source {
  x: Int32Array;
  from: number;
  zeroPoint: number;
}

/** Sums of a pixel's channels follow each other, those of the next pixel are `pitch` further. The next call overwrites them. */
export interface Sums {
  values: Int32Array;
  pitch: number;
}

/** How far a load may reach beyond what it needs. */
const slack = 16;
const pageBytes = 2 ** 16;
const upTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

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
  private readonly memory = new WebAssembly.Memory({ initial: 1 });
  private readonly exports: Exports;
  private bytes = new Int16Array(this.memory.buffer);
  /** Where the laid out weights of each tensor begin. */
  private readonly places = new Map<Weights, number>();
  /** Where weights end; behind it operands and sums of one call. */
  private end = 0;

  private constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.exports = instance.exports as unknown as Exports;
  }

  /** With a memory of its own; undefined where there is no SIMD. */
  static make(): Vectors | undefined {
    compiled ??= compile();
    return compiled ? new Vectors(compiled) : undefined;
  }

  /** Sums of each window with the weights of `units` outputs, [rows, columns, channels, units]; undefined where x leaves 16 bits. */
  products(weights: Weights, windows: Windows, units: number, source: Source): Sums | undefined {
    const { channels, outHeight, outWidth, kernel, stride } = windows;
    const pitch = upTo(units, 4);
    const pairs = Math.ceil((kernel[1] * channels) / 2);
    const w = this.place(weights, 2 * kernel[0] * pairs * pitch, (to) =>
      layOut(weights.values, to, kernel[0], kernel[1] * channels, units),
    );
    const image = this.image(windows, source, outHeight * outWidth * pitch);
    if (!image) return undefined;
    const { x, y, rowBytes } = image;
    const [down, right] = [stride[0] * rowBytes, stride[1] * channels * 2];
    this.exports.products(x, outHeight, outWidth, down, right, kernel[0], rowBytes, pairs, w, pitch, y);
    return { values: new Int32Array(this.memory.buffer, y, outHeight * outWidth * pitch), pitch };
  }

  /** Sums of each channel's windows with its own weights, [rows, columns, channels]; undefined where x leaves 16 bits. */
  channelProducts(weights: Weights, windows: Windows, source: Source): Sums | undefined {
    const { channels, outHeight, outWidth, kernel, stride } = windows;
    const pitch = upTo(channels, 8);
    const taps = kernel[0] * kernel[1];
    const w = this.place(weights, taps * pitch, (to) => {
      for (let tap = 0; tap < taps; tap++)
        to.set(weights.values.subarray(tap * channels, (tap + 1) * channels), tap * pitch);
    });
    const image = this.image(windows, source, outHeight * outWidth * pitch);
    if (!image) return undefined;
    const { x, y, rowBytes } = image;
    const right = stride[1] * channels * 2;
    this.exports.channelProducts(
      ...[
        x,
        outHeight,
        outWidth,
        stride[0] * rowBytes,
        right,
        ...kernel,
        rowBytes,
        channels * 2,
        w,
        pitch,
        y,
      ],
    );
    return { values: new Int32Array(this.memory.buffer, y, outHeight * outWidth * pitch), pitch };
  }

  /** Where a tensor's weights are; the first time they are laid out, in zeros of `count` 16-bit integers. */
  private place(weights: Weights, count: number, layOut: (to: Int16Array) => void): number {
    const known = this.places.get(weights);
    if (known !== undefined) return known;
    const at = this.end;
    this.end = at + upTo(2 * count, 16);
    this.reserve(this.end);
    // What a call left there is overwritten.
    const to = this.bytes.subarray(at / 2, at / 2 + count).fill(0);
    layOut(to);
    this.places.set(weights, at);
    return at;
  }

  /** Writes the windows' image with zeros around it. @param sums int32 to have room for behind it */
  private image(windows: Windows, { x, from, zeroPoint }: Source, sums: number) {
    const { height, width, channels, outHeight, outWidth, kernel, stride, pad } = windows;
    const rows = Math.max(height + pad[0], (outHeight - 1) * stride[0] + kernel[0]);
    const columns = Math.max(width + pad[1], (outWidth - 1) * stride[1] + kernel[1]);
    const row = columns * channels;
    const y = this.end + upTo(2 * rows * row + slack, 16);
    this.reserve(y + 4 * sums);
    const to = this.bytes;
    const start = this.end / 2;
    if (rows > height || columns > width) to.fill(0, start, start + rows * row);
    const count = width * channels;
    for (let i = 0; i < height; i++) {
      const at = start + (i + pad[0]) * row + pad[1] * channels;
      const first = from + i * count;
      for (let k = 0; k < count; k++) {
        const value = x[first + k]! - zeroPoint;
        to[at + k] = value;
        if (to[at + k] !== value) return undefined;
      }
    }
    return { x: this.end, y, rowBytes: 2 * row };
  }

  private reserve(bytes: number): void {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    this.memory.grow(Math.ceil(missing / pageBytes));
    this.bytes = new Int16Array(this.memory.buffer);
  }
}

/** Weights [rows, columns, units] as blocks of 16 units, then of 4: each [rows, pairs of columns, units, 2]. */
function layOut(w: Int16Array, to: Int16Array, rows: number, columns: number, units: number): void {
  const pairs = Math.ceil(columns / 2);
  for (let unit = 0, block = 0; unit < units; ) {
    const width = unit + 16 <= upTo(units, 4) ? 16 : 4;
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < columns; k++)
        for (let u = unit; u < Math.min(unit + width, units); u++)
          to[block + ((i * pairs + (k >> 1)) * width + u - unit) * 2 + (k & 1)] =
            w[(i * columns + k) * units + u]!;
    block += rows * pairs * width * 2;
    unit += width;
  }
}
