/** What a run gives to deployment: the integer program of a trained network, and its parity with that network. */
import type * as tf from '@tensorflow/tfjs-core';
import { lower } from '@/deploy/lower';
import { type Compared, compareWithIntegers } from '@/deploy/parity';
import type { Program } from '@/deploy/program';
import { type Snapshot, takeSnapshot } from '@/deploy/snapshot';
import type { Parity } from '@/experiment/parity';
import { range, rowsOf } from './batches';
import type { Trainer } from './trainer';

/** Rows that are compared at once. */
const chunk = 100;

/** Everything that exports read of a network. PTQ must be calibrated before. */
export async function snapshotOf(trainer: Trainer, name: 'ptq' | 'qat'): Promise<Snapshot> {
  const { train, inputShape } = trainer.dataset;
  const { x, y } = rowsOf(train, inputShape, [0]);
  const snapshot = await takeSnapshot(trainer.readable(name), x);
  x.dispose();
  y.dispose();
  return snapshot;
}

/**
 * The integer program of a network.
 * @throws NoIntegerForm, whose message says for which layer there is none and what to choose
 */
export const programOf = async (trainer: Trainer, name: 'ptq' | 'qat'): Promise<Program> =>
  lower(await snapshotOf(trainer, name));

/** Compares a program with the network that it was made from, on the test set. @param limit bounds how many examples */
export function parityOf(
  trainer: Trainer,
  name: 'ptq' | 'qat',
  program: Program,
  limit = Number.POSITIVE_INFINITY,
): Promise<Parity> {
  const { test, inputShape, labelsPerExample } = trainer.dataset;
  const count = Math.min(test.count, limit);
  function* batches(): Generator<tf.Tensor> {
    for (let from = 0; from < count; from += chunk) {
      const { x, y } = rowsOf(test, inputShape, range(from, Math.min(from + chunk, count)));
      yield x;
      x.dispose();
      y.dispose();
    }
  }
  const forward: Compared['forward'] = (x, tap, integers) => trainer.logits(name, x, tap, integers);
  return compareWithIntegers(program, {
    forward,
    inputShape,
    batches,
    labels: test.y,
    labelsPerExample,
  });
}
