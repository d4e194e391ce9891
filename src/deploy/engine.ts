/**
 * The integer engine: runs a program on one example after the other, in int32 and exact 64-bit products (./arithmetic.ts), sums
 * of products by WebAssembly SIMD where there is one (./vectors.ts).
 * Independent of the tensor kernels that train and evaluate, so that comparing with them says something.
 */
import { volume } from '@/catalog/layers';
import { quantizeAll } from './arithmetic';
import { opKindOf } from './ops';
import type { Program } from './program';
import { Vectors } from './vectors';

/** The q of one example's numbers: rounded to the input's grid, or the symbols of a text as they are. */
export function quantizeInput(program: Program, numbers: ArrayLike<number>): Int32Array {
  const { grid, bits } = program.values[program.input]!;
  return bits === 32 ? Int32Array.from(numbers) : quantizeAll(grid, numbers);
}

/** Runs one program; keeps the memory of its values between examples. */
export class IntegerEngine {
  /** The q of every value after the last run, by index. */
  readonly values: readonly Int32Array[];

  private readonly vectors: Vectors | undefined;

  /** @param simd false for plain JavaScript, which gives the same numbers */
  constructor(
    readonly program: Program,
    { simd = true }: { simd?: boolean } = {},
  ) {
    this.vectors = simd ? Vectors.make() : undefined;
    this.values = program.values.map(({ shape }) => new Int32Array(volume(shape)));
  }

  /** Whether sums of products are by SIMD. */
  get simd(): boolean {
    return this.vectors !== undefined;
  }

  /**
   * @param input q of one example, as `quantizeInput` gives them
   * @returns the q of the logits; the next run overwrites them
   */
  run(input: ArrayLike<number>): Int32Array {
    const { program } = this;
    const memory = this.values as Int32Array[];
    memory[program.input]!.set(input);
    for (const op of program.ops) opKindOf(op).evaluate(op, program, memory, this.vectors);
    return memory[program.output]!;
  }
}
