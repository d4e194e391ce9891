/** How long the trained network takes for one example: as integers, and the float twin on the session's backend. */
import * as tf from '@tensorflow/tfjs-core';
import { volume } from '@/catalog/layers';
import { IntegerEngine, quantizeInput } from '@/deploy/engine';
import type { Program } from '@/deploy/program';
import { timePerCall } from '@/experiment/timing';
import type { FloatTimes } from './deployProtocol';
import type { Trainer } from './trainer';

/** Examples at once for the float twin at its best. */
export const timedBatch = 100;

/** Test examples as numbers, row-major [count, ...inputShape]; bytes become value / 255. */
export function numbersOf({ dataset: { test, inputShape } }: Trainer, count: number): Float32Array {
  const unit = test.x instanceof Uint8Array ? 255 : 1;
  return Float32Array.from(test.x.subarray(0, count * volume(inputShape)), (value) => value / unit);
}

/** ms for one example, from its numbers to its logits, rounding of the input with it. @param simd false for plain loops */
export function integerTime(
  program: Program,
  x: Float32Array,
  options: { simd?: boolean } = {},
): Promise<number> {
  const engine = new IntegerEngine(program, options);
  const size = volume(program.values[program.input]!.shape);
  const count = x.length / size;
  return timePerCall((i) =>
    engine.run(quantizeInput(program, x.subarray((i % count) * size, ((i % count) + 1) * size))),
  );
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

export async function floatTimes(trainer: Trainer, x: Float32Array): Promise<FloatTimes> {
  const count = x.length / volume(trainer.dataset.inputShape);
  const batch = Math.min(timedBatch, count);
  const batches = Math.floor(count / batch);
  const ms = await timePerCall((i) => floatLogits(trainer, x, i % count, 1));
  const together = await timePerCall((i) => floatLogits(trainer, x, (i % batches) * batch, batch));
  return { ms, batchMs: together / batch, batch };
}
