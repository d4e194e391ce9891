/**
 * The integer engine: runs a program on a batch of examples, in WebAssembly SIMD where there is one (./vectors), else one
 * example after the other in plain loops, int32 and exact 64-bit products (./arithmetic.ts).
 * Independent of the tensor kernels that train and evaluate, so that comparing with them says something.
 */
import { volume } from '@/catalog/layers';
import { quantizeAll } from './arithmetic';
import { type Memory, opKindOf } from './ops';
import type { Program } from './program';
import { type Step, Vectors } from './vectors';
import { input } from './vectors/elements';

/** The q of examples' numbers: rounded to the input's grid, or the symbols of a text as they are. */
export function quantizeInput(program: Program, numbers: ArrayLike<number>): Int32Array {
  const { grid, bits } = program.values[program.input]!;
  return bits === 32 ? Int32Array.from(numbers) : quantizeAll(grid, numbers);
}

/** What the values of a batch may take, so that they stay in a processor's caches, and the most examples that gain from more. */
const batchBytes = 2 ** 22;
const largestBatch = 64;

/** How many examples to run at once: as many as pay, and as their values have room in 4 MiB; at least one. */
export function batchOf({ values }: Program): number {
  const bytes = values.reduce((sum, { shape }) => sum + 4 * volume(shape), 0);
  return Math.max(Math.min(Math.floor(batchBytes / bytes), largestBatch), 1);
}

/** Numbers of examples, row-major. */
type Numbers = Float32Array | Int32Array | Uint8Array;

/** Hears of one example: where its logits begin, its number, and which one of its batch it is. */
type See = (logits: Int32Array, at: number, example: number, ofBatch: number) => void;

/** Runs one program; keeps the memory of its values between batches. */
export class IntegerEngine {
  /** The q of every value after the last run, by index: those of the first example, then of the next one. */
  readonly values: readonly Int32Array[];
  readonly batch: number;

  /** By index of the operation; undefined for plain loops. */
  private readonly steps: readonly Step[] | undefined;
  private readonly write: (numbers: Numbers) => void;

  /** @param simd false for plain JavaScript, which gives the same numbers @param batch most examples at once */
  constructor(
    readonly program: Program,
    { simd = true, batch = 1 }: { simd?: boolean; batch?: number } = {},
  ) {
    this.batch = batch;
    const vectors = simd ? Vectors.make(program, batch) : undefined;
    this.steps = vectors && program.ops.map((op) => opKindOf(op).prepare(op, program, vectors));
    this.values = vectors?.values ?? program.values.map(({ shape }) => new Int32Array(batch * volume(shape)));
    const { grid, bits } = program.values[program.input]!;
    this.write =
      vectors && bits < 32
        ? input(vectors, program.input, grid)
        : (numbers) => this.values[program.input]!.set(quantizeInput(program, numbers));
  }

  /** Whether it runs by SIMD. */
  get simd(): boolean {
    return this.steps !== undefined;
  }

  /**
   * @param q of one example or of several, as `quantizeInput` gives them
   * @returns the q of their logits; the next run overwrites them
   */
  run(q: ArrayLike<number>): Int32Array {
    this.values[this.program.input]!.set(q);
    return this.evaluate(q.length / this.sizeOf(this.program.input));
  }

  /** The same from their numbers. */
  runNumbers(numbers: Numbers): Int32Array {
    this.write(numbers);
    return this.evaluate(numbers.length / this.sizeOf(this.program.input));
  }

  /** Runs any number of examples from their numbers, in batches. */
  runAll(numbers: Numbers, see: See): void {
    const [size, classes] = [this.sizeOf(this.program.input), this.sizeOf(this.program.output)];
    for (let from = 0; from < numbers.length; from += this.batch * size) {
      const logits = this.runNumbers(numbers.subarray(from, from + this.batch * size));
      for (let i = 0; i * classes < logits.length; i++) see(logits, i * classes, from / size + i, i);
    }
  }

  private evaluate(count: number): Int32Array {
    const { program, steps } = this;
    if (steps) {
      for (const [index, op] of program.ops.entries())
        if (!steps[index]!(count))
          for (let i = 0; i < count; i++) opKindOf(op).evaluate(op, program, this.example(i));
    } else
      for (let i = 0; i < count; i++) {
        const memory = this.example(i);
        for (const op of program.ops) opKindOf(op).evaluate(op, program, memory);
      }
    return this.values[program.output]!.subarray(0, count * this.sizeOf(program.output));
  }

  /** The values of one example of the batch. */
  private example(index: number): Memory {
    return this.values.map((value, i) => {
      const size = this.sizeOf(i);
      return value.subarray(index * size, (index + 1) * size);
    });
  }

  /** Integers of a value in one example. */
  private sizeOf(value: number): number {
    return volume(this.program.values[value]!.shape);
  }
}
