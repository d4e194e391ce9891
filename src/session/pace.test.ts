import { expect, test } from 'vitest';
import { Job, Median } from './pace';

test('the median is that of the last values only', () => {
  const median = new Median(3);
  expect(median.value).toBe(0);
  for (const value of [100, 1, 9, 5]) median.add(value);
  expect(median.value).toBe(5);
  median.clear();
  for (const value of [2, 4]) median.add(value);
  expect(median.value).toBe(3);
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
