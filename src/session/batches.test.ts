import { beforeAll, expect, test } from 'vitest';
import { startBackend } from '@/kernels/testing/node';
import { BatchOrder, rowsOf } from './batches';

beforeAll(() => startBackend('cpu'));

test('an epoch shows every example once, save those that do not fill a batch', () => {
  const order = new BatchOrder(7, 103, 10);
  expect(order.stepsPerEpoch).toBe(10);
  const seen = new Set(Array.from({ length: 10 }, (_, step) => [...order.rows(step)]).flat());
  expect(seen.size).toBe(100);
  for (const row of seen) expect(row).toBeLessThan(103);
});

test('the rows of a step depend on the seed and the step alone, whatever was asked before', () => {
  const forward = new BatchOrder(7, 50, 8);
  const visited = Array.from({ length: 20 }, (_, step) => [...forward.rows(step)]);
  const backward = new BatchOrder(7, 50, 8);
  for (let step = 19; step >= 0; step--) expect([...backward.rows(step)]).toEqual(visited[step]);
  expect([...new BatchOrder(8, 50, 8).rows(0)]).not.toEqual(visited[0]);
  expect(visited[0]).not.toEqual(visited[6]);
});

test('a batch larger than the data is the data', () => {
  const order = new BatchOrder(1, 5, 64);
  expect(order.batchSize).toBe(5);
  expect([...order.rows(3)].toSorted()).toEqual([0, 1, 2, 3, 4]);
});

test('bytes become fractions of 255, floats stay', () => {
  const y = Uint8Array.of(2, 1);
  const bytes = rowsOf({ count: 2, x: Uint8Array.of(0, 51, 255, 102), y }, [2], [1, 0]);
  expect([...bytes.x.dataSync()]).toEqual([1, Math.fround(102 / 255), 0, Math.fround(51 / 255)]);
  expect([...bytes.y.dataSync()]).toEqual([1, 2]);
  const floats = rowsOf({ count: 2, x: Float32Array.of(-1.5, 3), y }, [1], [0]);
  expect([...floats.x.dataSync()]).toEqual([-1.5]);
});
