/** When a run is reported, by a clock of the test's own. */
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { generate } from '@/data/generate';
import { experimentFor } from '@/experiment/presets';
import { startBackend } from '@/kernels/testing/node';
import type { SessionEvent } from './protocol';
import { Reporter } from './reporter';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));
afterEach(() => vi.restoreAllMocks());

/** Each reading of the clock is so many ms after the one before. */
function clockOf(ms: number): { now: number } {
  const clock = { now: 0 };
  vi.spyOn(performance, 'now').mockImplementation(() => {
    clock.now += ms;
    return clock.now;
  });
  return clock;
}

async function reportedWith(ms: number, everyMs: number, times: number) {
  const spec = { ...datasetKinds.digits.defaults, samples: 1000, testShare: 0.2 };
  const trainer = new Trainer(
    { ...experimentFor(spec, 3), layers: experimentFor(spec, 3).layers.slice(-1), batchSize: 32 },
    generate(spec, 3),
  );
  const stepper = new Stepper(trainer, () => [], true);
  const found: { at: number; examples: number; ptq: boolean }[] = [];
  const clock = clockOf(ms);
  let begun = 0;
  const reporter = new Reporter(
    1,
    trainer,
    (event: SessionEvent) => {
      if (event.type !== 'snapshot') return;
      const { points, predictions } = event.snapshot;
      for (const { ptq } of points)
        found.push({
          at: clock.now - begun,
          examples: predictions!.classes.qat.length,
          ptq: ptq !== null,
        });
    },
    undefined,
    true,
  );
  await reporter.complete();
  reporter.begin();
  begun = clock.now;
  found.length = 0;
  for (let i = 0; i < times; i++) {
    await stepper.burst(0, Number.POSITIVE_INFINITY);
    clock.now += everyMs;
    await reporter.report(stepper);
  }
  reporter.dispose();
  trainer.dispose();
  return found;
}

test('an evaluation that takes little is made at once, of all', async () => {
  const tensors = tf.memory().numTensors;
  const [first] = await reportedWith(0.1, 10, 3);
  expect(first).toMatchObject({ examples: 200, ptq: true });
  expect(tf.memory().numTensors).toBe(tensors);
});

test('one that takes long is of few examples first and without PTQ, and of more the longer it trains', async () => {
  const found = await reportedWith(60, 500, 60);
  expect(found[0]).toMatchObject({ examples: 128, ptq: false });
  expect(found[0]!.at).toBeLessThan(1500);
  const examples = found.map((one) => one.examples);
  expect(examples).toEqual(examples.toSorted((a, b) => a - b));
  expect(found.at(-1)).toMatchObject({ examples: 200, ptq: true });
  // An evaluation is 60 ms of this clock, which may be 6 % of the time.
  for (const [i, { at }] of found.entries())
    if (i > 1) expect(at - found[i - 1]!.at).toBeGreaterThanOrEqual(60 / 0.06 - 60);
});
