import { expect, test } from 'vitest';
import { classCounts, emptySplit, rowsOfSplit } from './dataset';

const split = {
  count: 3,
  x: Float32Array.of(1, 2, 3, 4, 5, 6),
  y: Int8Array.of(0, -1, 2, 2, -1, 2),
};

test('labels are counted by class, an empty one included, and positions without one are not', () => {
  expect(classCounts(split, 4)).toEqual([1, 0, 3, 0]);
  expect(classCounts({ y: new Uint8Array() }, 2)).toEqual([0, 0]);
});

test('rows are taken with all their values and labels', () => {
  expect(rowsOfSplit(split, [2, 0])).toEqual({
    count: 2,
    x: Float32Array.of(5, 6, 1, 2),
    y: Int8Array.of(-1, 2, 0, -1),
  });
  expect(rowsOfSplit(split, [])).toEqual(emptySplit(split));
  expect(rowsOfSplit(emptySplit(split), [])).toEqual(emptySplit(split));
});
