import { expect, test } from 'vitest';
import { Job, StepTime } from './pace';

test('the time of a step is the median of the last blocks', () => {
  const time = new StepTime(3);
  expect(time.value).toBe(0);
  for (const ms of [100, 40, 90, 50]) time.add(ms);
  expect(time.value).toBe(50);
  time.add(960, 16);
  expect(time.value).toBe(60);
  time.add(20);
  expect(time.value).toBe(60);
  time.add(20);
  expect(time.value).toBe(50);
});

test('the steps of a short run are timed too', () => {
  const time = new StepTime(3);
  time.add(2);
  time.add(4);
  expect(time.value).toBe(3);
  time.clear();
  expect(time.value).toBe(0);
});

test('steps shorter than a tick of the clock have the time that they take', () => {
  const takes = { float: 0.123, qat: 0.2 };
  const times = { float: new StepTime(21), qat: new StepTime(21) };
  let now = 0;
  for (let step = 0; step < 5000; step++)
    for (const twin of ['float', 'qat'] as const) {
      const start = Math.floor(now);
      now += takes[twin];
      times[twin].add(Math.floor(now) - start);
    }
  for (const twin of ['float', 'qat'] as const)
    expect(Math.abs(times[twin].value / takes[twin] - 1)).toBeLessThan(0.05);
});

test('a job is due at its interval while it is cheap, and later when it is costly', async () => {
  let now = 0;
  let cost = 1;
  const work = () => {
    now += cost;
  };
  const job = new Job(100, 0.1, work, () => now);
  expect(job.due).toBe(true);
  await job.run();
  now += 99;
  expect(job.due).toBe(false);
  now += 1;
  expect(job.due).toBe(true);
  cost = 50;
  await job.run();
  now += 499;
  expect(job.due).toBe(false);
  now += 1;
  expect(job.due).toBe(true);
});

test('a job that is postponed waits by what it is said to cost, from then on', () => {
  let now = 1000;
  const job = new Job(
    100,
    0.1,
    () => {},
    () => now,
  );
  job.postpone(40);
  now += 399;
  expect(job.due).toBe(false);
  now += 1;
  expect(job.due).toBe(true);
  job.postpone();
  now += 399;
  expect(job.due).toBe(false);
  now += 1;
  expect(job.due).toBe(true);
});
