/**
 * The memory of the compiled engine (../assembly): constants of the program, laid out once and kept, and behind them the
 * operands of one call, which the next call overwrites.
 */
import { codeHalf } from '@/quant/fixedPoint';
import type { Rescale, StepTable } from '../program';

/** How far a load or a store may reach beyond what it needs. */
const slack = 16;
const pageBytes = 2 ** 16;
export const upTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

export class Workspace {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  /** Views of the memory; growing replaces them. */
  int16 = new Int16Array(this.memory.buffer);
  int32 = new Int32Array(this.memory.buffer);
  /** Where each constant begins. */
  private readonly places = new Map<object, number>();
  /** Where constants end. Nothing is at 0, which stands for none. */
  private end = slack;

  /**
   * Where a constant is; the first time it is written, over zeros.
   * @param key what it is made of @param write is given its address; must place nothing itself
   */
  place(key: object, bytes: number, write: (at: number) => void): number {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const at = this.end;
    this.end = at + upTo(bytes + slack, slack);
    this.reserve(this.end);
    // What a call left there is overwritten.
    this.int32.fill(0, at / 4, this.end / 4);
    write(at);
    this.places.set(key, at);
    return at;
  }

  placeInt32(values: ArrayLike<number>): number {
    return this.place(values, 4 * values.length, (at) => this.int32.set(values, at / 4));
  }

  placeInt16(values: ArrayLike<number>): number {
    return this.place(values, 2 * values.length, (at) => this.int16.set(values, at / 2));
  }

  /** A rescaling as ../assembly/rescale.ts reads it. @returns 0 for none */
  placeRescale(by: Rescale | undefined): number {
    if (!by) return 0;
    const { multipliers, shifts, zeroPoint, low, high, table } = by;
    const count = shifts.length;
    const head = 32;
    const codes = table ? this.placeTable(table) : 0;
    return this.place(by, head + 12 * count, (at) => {
      const [first, second, third] = [at + head, at + head + 4 * count, at + head + 8 * count];
      this.int32.set(
        [first, second, third, count === 1 ? 0 : 4, zeroPoint, Math.max(low, -(2 ** 31)), high, codes],
        at / 4,
      );
      this.int32.set(multipliers[0]!, first / 4);
      if (multipliers[1]) this.int32.set(multipliers[1], second / 4);
      this.int32.set(shifts, third / 4);
    });
  }

  /** The value at every code: many times faster than to search for it. */
  private placeTable({ starts, values }: StepTable): number {
    return this.place(starts, 2 * codeHalf, (at) => {
      const all = new Uint8Array(this.memory.buffer, at, 2 * codeHalf);
      for (const [i, start] of starts.entries())
        all.fill(values[i]!, start + codeHalf, (starts[i + 1] ?? codeHalf) + codeHalf);
    });
  }

  /** Room for one call: where each of so many bytes begins. Constants are placed before. */
  scratch<const Bytes extends readonly number[]>(...bytes: Bytes): { [I in keyof Bytes]: number } {
    let to = this.end;
    const places = bytes.map((count) => {
      const at = to;
      to += upTo(count + slack, slack);
      return at;
    });
    this.reserve(to);
    return places as { [I in keyof Bytes]: number };
  }

  /** Writes values as i32. */
  write(values: Int32Array, at: number): void {
    this.int32.set(values, at / 4);
  }

  /** Reads i32 into y[from ...]. */
  read(at: number, count: number, y: Int32Array, from = 0): void {
    y.set(this.int32.subarray(at / 4, at / 4 + count), from);
  }

  private reserve(bytes: number): void {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    this.memory.grow(Math.ceil(missing / pageBytes));
    this.int16 = new Int16Array(this.memory.buffer);
    this.int32 = new Int32Array(this.memory.buffer);
  }
}
