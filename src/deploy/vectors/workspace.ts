/**
 * The memory of the compiled engine (../assembly): the values of the program for a batch of examples, behind them its constants,
 * laid out once and kept, and last the operands of one operation, which the next one overwrites.
 */
import { codeHalf } from '@/quant/fixedPoint';
import type { Rescale, StepTable } from '../program';

/** How far a load or a store may reach beyond what it needs. */
const slack = 16;
const pageBytes = 2 ** 16;
type Triple = [number, number, number];
export const upTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** Bits from the first to the last that is set in any of these integers. */
export function significantBits(integers: readonly number[]): number {
  const all = integers.reduce((bits, integer) => bits | integer, 0);
  return all === 0 ? 0 : 32 - Math.clz32(all) - (31 - Math.clz32(all & -all));
}

export class Workspace {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  /** The values' integers, one example after the other. Growing replaces the views. */
  readonly values: Int32Array[] = [];
  /** Where each value begins. */
  readonly valuesAt: readonly number[];
  /** Views of the memory; growing replaces them. */
  int16 = new Int16Array(this.memory.buffer);
  int32 = new Int32Array(this.memory.buffer);
  /** Where each constant begins. */
  private readonly places = new Map<object, number>();
  /** Where constants end. Nothing is at 0, which stands for none. */
  private end = slack;
  /** Bytes that an operation needs behind them at most. */
  private most = 0;

  /** @param counts how many integers each value has, over all examples */
  constructor(private readonly counts: readonly number[]) {
    this.valuesAt = counts.map((count) => {
      const at = this.end;
      this.end += upTo(4 * count + slack, slack);
      return at;
    });
    this.reserve(this.end);
    this.view();
  }

  /**
   * Where a constant is; the first time it is written, over zeros.
   * @param key what it is made of @param write is given its address; must place nothing itself
   */
  place(key: object, bytes: number, write: (at: number) => void): number {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const at = this.end;
    this.end = at + upTo(bytes + slack, slack);
    this.reserve(this.end + this.most);
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
    const codes = table ? this.placeTable(table) : 0;
    const count = shifts.length;
    // Doubles first, which are read four at once.
    const padded = upTo(count, 4);
    const least = Math.max(low, -(2 ** 31));
    // Of two products each has to be exact, and their sum.
    const exact = 54 - multipliers.length - significantBits(multipliers.flatMap((each) => [...each]));
    const limit = exact < 31 ? 2 ** exact : 0;
    const head = 64;
    return this.place(by, head + 16 * padded + 12 * count, (at) => {
      const factors = [at + head, at + head + 8 * padded] as const;
      const [first, second, third] = [0, 1, 2].map((i) => at + head + 16 * padded + 4 * i * count) as Triple;
      const step = count === 1 ? 0 : 4;
      this.int32.set([first, second, third, step, zeroPoint, least, high, codes, ...factors], at / 4);
      this.int32.set([limit, limit && -2 * limit], at / 4 + 10);
      const doubles = new Float64Array(this.memory.buffer);
      doubles.set([least - zeroPoint, high - zeroPoint], at / 8 + 6);
      for (const [i, each] of multipliers.entries()) {
        this.int32.set(each, i === 0 ? first / 4 : second / 4);
        for (let c = 0; c < padded; c++)
          doubles[factors[i]! / 8 + c] = each[c % count]! / 2 ** shifts[c % count]!;
      }
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

  /** Room for what an operation needs while it runs: where each of so many bytes begins, from `room` on. */
  scratch<const Bytes extends readonly number[]>(...bytes: Bytes): { [I in keyof Bytes]: number } {
    let to = 0;
    const places = bytes.map((count) => {
      const at = to;
      to += upTo(count + slack, slack);
      return at;
    });
    this.most = Math.max(this.most, to);
    this.reserve(this.end + this.most);
    return places as { [I in keyof Bytes]: number };
  }

  /** Where the room of operations begins, once all constants are placed. */
  get room(): number {
    return this.end;
  }

  private reserve(bytes: number): void {
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    this.memory.grow(Math.ceil(missing / pageBytes));
    this.view();
  }

  private view(): void {
    this.int16 = new Int16Array(this.memory.buffer);
    this.int32 = new Int32Array(this.memory.buffer);
    for (const [i, count] of this.counts.entries())
      this.values[i] = new Int32Array(this.memory.buffer, this.valuesAt[i]!, count);
  }
}
