/** How many test examples are judged while a run trains, on a clock of its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generate } from '@/data/generate';
import { exampleExperiment } from '@/experiment/testing/example';
import { startBackend } from '@/kernels/testing/node';
import { TestSet } from './evaluate';
import { LiveTest } from './liveTest';
import { Trainer } from './trainer';

const share = 0.05;
const dataset = { kind: 'spirals', samples: 1600, noise: 0.04, testShare: 0.5, validationShare: 0 } as const;
let trainer: Trainer;
let whole: TestSet;
beforeAll(async () => {
  await startBackend('cpu');
  trainer = new Trainer({ ...exampleExperiment, dataset }, generate(dataset, 1));
  whole = new TestSet(trainer);
});
afterAll(() => {
  whole.dispose();
  trainer.dispose();
});

/** One that knows that a pass of an example takes so long. */
function knowing(msEach: number): LiveTest {
  const live = new LiveTest(trainer, whole, share);
  live.took(100 * msEach, 100);
  return live;
}
const ages = [0, 1000, 2000, 4000, 8000, 16_000, 32_000, 300_000];

describe('while a run is young', () => {
  test('the first look leaves PTQ out and takes some 40 ms', () => {
    const live = knowing(0.2);
    const { set, names } = live.next(0, true);
    expect(names).toEqual(['float', 'qat']);
    expect(set.count).toBe(64);
    live.dispose();
  });
  test('sets grow with its age, take their share of the time wished between two, and calibrate on as many examples', () => {
    const live = knowing(0.04);
    const judged = ages.map((age) => live.next(age, false));
    const counts = judged.map(({ set }) => set.count);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.slice(0, 4)).toEqual([64, 64, 64, 128]);
    judged.slice(0, 4).forEach(({ set, calibrating }, i) => {
      const wished = Math.min(Math.max(ages[i]! / 8, 250), 2500);
      expect(0.04 * (3 * set.count + calibrating)).toBeLessThanOrEqual(share * wished);
    });
    live.dispose();
  });
});

test('what is cheap is judged whole at once, on as many calibrating examples as are asked for', () => {
  const live = knowing(0.0005);
  expect(live.next(0, false)).toEqual({
    set: whole,
    names: ['float', 'ptq', 'qat'],
    calibrating: Number.POSITIVE_INFINITY,
  });
  live.dispose();
});
test('what is dear is judged by 32 examples at least, and a set never shrinks', () => {
  const live = knowing(20);
  expect(live.next(300_000, false)).toMatchObject({ set: { count: 32 }, calibrating: 64 });
  live.took(1, whole.count);
  expect(live.next(0, false).set).toBe(whole);
  live.took(1e6, whole.count);
  expect(live.next(0, false).set).toBe(whole);
  live.dispose();
});
