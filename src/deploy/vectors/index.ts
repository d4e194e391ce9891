/**
 * The operations of ../ops in WebAssembly (../assembly) on a batch of examples, equal to their plain loops to the bit: sums of
 * products by SIMD, operands widened to 16 bits, sums in int32; rescaling by doubles where they are exact. Where there is no
 * SIMD, or an operand of a product leaves 16 bits, the plain loops run instead. All memory is laid out when the engine is made:
 * values, constants, and what one operation needs while it runs, which is an image or some rows at a time.
 */
import { volume } from '@/catalog/layers';
import { decodeInlined } from '@/kernels/inlined';
import binaryUrl from '../../../build/assembly/integers.wasm?url&inline';
import type { Program } from '../program';
import { Workspace } from './workspace';

type Exported = (...values: number[]) => number;
type Exports = Record<
  | 'products'
  | 'channelProducts'
  | 'finish'
  | 'widen'
  | 'quantize'
  | 'combine'
  | 'embed'
  | 'maxPool'
  | 'sumPool'
  | 'layerNorm'
  | 'attention'
  | 'gru'
  | 'lstm',
  Exported
>;

/** A value, by its index, and its zero point. */
export interface Operand {
  value: number;
  zeroPoint: number;
}

/** An operation, ready to run on the first `count` examples of the batch. @returns false where an operand leaves 16 bits */
export type Step = (count: number) => boolean;

/** Compiled once: null where it does not compile, as without SIMD. */
let compiled: WebAssembly.Module | null | undefined;
function compile(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(decodeInlined(binaryUrl));
  } catch {
    return null;
  }
}

/** The module with a memory of its own, for the values of one program. */
export class Vectors {
  readonly space: Workspace;
  readonly exports: Exports;

  private constructor(
    module: WebAssembly.Module,
    counts: readonly number[],
    readonly batch: number,
  ) {
    this.space = new Workspace(counts);
    const instance = new WebAssembly.Instance(module, { env: { memory: this.space.memory } });
    this.exports = instance.exports as unknown as Exports;
  }

  /** @param batch most examples at once @returns undefined where there is no SIMD */
  static make({ values }: Pick<Program, 'values'>, batch: number): Vectors | undefined {
    compiled ??= compile();
    const counts = values.map(({ shape }) => batch * volume(shape));
    return compiled ? new Vectors(compiled, counts, batch) : undefined;
  }

  /** The integers of each value, [batch, ...shape]. To prepare an operation may replace these views. */
  get values(): readonly Int32Array[] {
    return this.space.values;
  }

  /** Where values begin. */
  addresses<const Indices extends readonly number[]>(...indices: Indices) {
    return indices.map((index) => this.space.valuesAt[index]!) as { [I in keyof Indices]: number };
  }
}
