import { expect, test } from 'vitest';
import { amount, timeLeft } from './progressText';

const progress = (done: number, total: number) => ({ unit: 'bytes', done, total }) as const;

test('the time left follows from the rate so far, once there is one', () => {
  expect(timeLeft(progress(0, 100), 5000)).toBe('');
  expect(timeLeft(progress(1, 100), 100)).toBe('');
  expect(timeLeft(progress(25, 100), 4000)).toBe('about 12 s left');
  expect(timeLeft(progress(10, 100), 60_000)).toBe('about 9 min left');
  expect(timeLeft(progress(99.9, 100), 4000)).toBe('about 1 s left');
  expect(timeLeft(progress(100, 100), 4000)).toBe('');
});

test('amounts are bytes or images', () => {
  expect(amount(progress(1024, 10 * 1024))).toBe('1.00 KB of 10.0 KB');
  expect(amount({ unit: 'images', done: 1200, total: 25_000 })).toBe('1,200 of 25,000 images decoded');
});
