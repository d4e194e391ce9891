/** Splitting examples that come without a test part. */
import type { Random } from './random';

const testShare = 0.2;

/** How many of the examples are kept for testing: a fifth, but one at least. */
export const testCount = (examples: number) => Math.max(1, Math.round(examples * testShare));

/**
 * Row numbers of the training and the test part, each in random order. Every class gives its share to the test part, to
 * within one example.
 */
export function stratify(labels: ArrayLike<number>, random: Random): [train: Int32Array, test: Int32Array] {
  const total = labels.length;
  const tests = testCount(total);
  const byClass = random.permutation(total).sort((a, b) => labels[a]! - labels[b]!);
  const train = new Int32Array(total - tests);
  const test = new Int32Array(tests);
  // Walking through the classes, every total / tests-th example is for testing, from a random start.
  let phase = random.int(total);
  let trained = 0;
  let tested = 0;
  for (const row of byClass) {
    phase += tests;
    if (phase >= total) {
      phase -= total;
      test[tested++] = row;
    } else train[trained++] = row;
  }
  const shuffled = (rows: Int32Array) => random.permutation(rows.length).map((i) => rows[i]!);
  return [shuffled(train), shuffled(test)];
}
