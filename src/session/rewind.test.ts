import { expect, test } from 'vitest';
import { keepCheckpoint, rewindTarget, spoiltSteps } from './rewind';

const at = (...steps: number[]) => steps.map((step) => ({ step }));
/** Checkpoints at these steps, one after the other, and the steps of those that remain. */
const kept = (steps: number[], lastChange = 0): number[] =>
  steps
    .slice(1)
    .reduce(
      (all, step) => keepCheckpoint(all, { step }, lastChange),
      at(steps[0]!) as readonly { step: number }[],
    )
    .map(({ step }) => step);

test('a rewind goes to the newest checkpoint that is not spoilt', () => {
  expect(rewindTarget(at(0, 100, 200), 200 + spoiltSteps, 0).step).toBe(200);
  expect(rewindTarget(at(0, 100, 200), 199 + spoiltSteps, 0).step).toBe(100);
});

test('a checkpoint from before the last change is good, however near', () => {
  expect(rewindTarget(at(5, 60, 65), 66, 60).step).toBe(60);
  expect(rewindTarget(at(5, 60, 65), 66, 0).step).toBe(5);
});

test('where every checkpoint is spoilt the rewind goes to the oldest', () => {
  expect(rewindTarget(at(30, 40), 60, 0).step).toBe(30);
});

test('at most three checkpoints are kept, and the newest good one is always among them', () => {
  for (const every of [1, 7, 30, 50, 400]) {
    let all: readonly { step: number }[] = at(0);
    for (let step = every; step < 2000; step += every) {
      all = keepCheckpoint(all, { step }, 0);
      expect(all.length).toBeLessThanOrEqual(3);
      expect(all.at(-1)!.step).toBe(step);
      // Never further back than a checkpoint needs to become good.
      expect(step - rewindTarget(all, step, 0).step).toBeLessThanOrEqual(2 * spoiltSteps + 2 * every);
    }
  }
});

test('a checkpoint taken again at the same step replaces the earlier one', () => {
  expect(kept([0, 60, 60])).toEqual([0, 60]);
  expect(kept([5, 60, 65], 60)).toEqual([60, 65]);
});
