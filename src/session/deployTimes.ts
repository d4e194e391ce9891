/** How long the trained network takes for one example: as integers, and the float twin on the session's backend. */
import * as tf from '@tensorflow/tfjs-core';
import { volume } from '@/catalog/layers';
import { batchOf, IntegerEngine } from '@/deploy/engine';
import type { Program } from '@/deploy/program';
import { timePerCall } from '@/experiment/timing';
import type { Times } from './deployProtocol';
import type { Trainer } from './trainer';

/** Examples at once for the float twin at its best. */
export const timedBatch = 100;

/** Test examples as numbers, row-major [count, ...inputShape]; bytes become value / 255. */
export function numbersOf({ dataset: { test, inputShape } }: Trainer, count: number): Float32Array {
  const unit = test.x instanceof Uint8Array ? 255 : 1;
  return Float32Array.from(test.x.subarray(0, count * volume(inputShape)), (value) => value / unit);
}

/**
 * ms for one example, from its numbers to its logits, rounding of the input with it.
 * @param batch examples at once, as many as there are at most @param simd false for plain loops
 */
export async function integerTime(
  program: Program,
  x: Float32Array,
  { batch = 1, simd = true }: { batch?: number; simd?: boolean } = {},
): Promise<number> {
  const engine = new IntegerEngine(program, { batch, simd });
  const size = batch * volume(program.values[program.input]!.shape);
  const batches = Math.floor(x.length / size);
  const ms = await timePerCall((i) =>
    engine.runNumbers(x.subarray((i % batches) * size, ((i % batches) + 1) * size)),
  );
  return ms / batch;
}

/** ms for one example of integers, alone and in batches. */
export async function integerTimes(program: Program, x: Float32Array): Promise<Times> {
  const count = x.length / volume(program.values[program.input]!.shape);
  const batch = Math.min(batchOf(program), count);
  const ms = await integerTime(program, x);
  return { ms, batchMs: await integerTime(program, x, { batch }), batch };
}

/** The float twin's logits of the examples from `from` on, read back. */
export async function floatLogits(
  trainer: Trainer,
  x: Float32Array,
  from: number,
  count: number,
): Promise<ArrayLike<number>> {
  const { inputShape } = trainer.dataset;
  const size = volume(inputShape);
  const logits = tf.tidy(() =>
    trainer.logits('float', tf.tensor(x.slice(from * size, (from + count) * size), [count, ...inputShape])),
  );
  const values = await logits.data();
  logits.dispose();
  return values;
}

export async function floatTimes(trainer: Trainer, x: Float32Array): Promise<Times> {
  const count = x.length / volume(trainer.dataset.inputShape);
  const batch = Math.min(timedBatch, count);
  const batches = Math.floor(count / batch);
  const ms = await timePerCall((i) => floatLogits(trainer, x, i % count, 1));
  const together = await timePerCall((i) => floatLogits(trainer, x, (i % batches) * batch, batch));
  return { ms, batchMs: together / batch, batch };
}
