/** `npm run parity -- --times`: time for one test example as integers, with and without SIMD, and of the float twin on WASM. */
import { IntegerEngine } from '@/deploy/engine';
import type { Program } from '@/deploy/program';
import { floatTimes, integerTime, numbersOf } from '@/session/deployTimes';
import type { Trainer } from '@/session/trainer';

export const timeColumns = [
  'integers, SIMD, µs',
  'integers, plain loops, µs',
  'float alone, µs',
  'float in batches of 100, µs',
];

const microseconds = (ms: number): string => (1000 * ms).toPrecision(3);

/** One cell for each column: medians of blocks of at least 20 ms. */
export async function timeCells(trainer: Trainer, program: Program): Promise<string[]> {
  const x = numbersOf(trainer, trainer.dataset.test.count);
  const simd = new IntegerEngine(program).simd ? microseconds(await integerTime(program, x)) : '- (no SIMD)';
  const plain = microseconds(await integerTime(program, x, { simd: false }));
  const { ms, batchMs } = await floatTimes(trainer, x);
  return [simd, plain, microseconds(ms), microseconds(batchMs)];
}
