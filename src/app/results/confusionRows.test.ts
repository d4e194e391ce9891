/** Confusion counts become rows with shares. */
import { expect, it } from 'vitest';
import { confusionRows, topMistakes } from './confusionRows';

const counts = [8, 2, 0, 1, 3, 0, 0, 0, 0];

it('gives shares of the true class, and 0 where there is none of it', () => {
  expect(confusionRows(counts, 3)).toEqual([
    [
      { count: 8, share: 0.8 },
      { count: 2, share: 0.2 },
      { count: 0, share: 0 },
    ],
    [
      { count: 1, share: 0.25 },
      { count: 3, share: 0.75 },
      { count: 0, share: 0 },
    ],
    [
      { count: 0, share: 0 },
      { count: 0, share: 0 },
      { count: 0, share: 0 },
    ],
  ]);
});

it('lists what is confused most, without what is right', () => {
  expect(topMistakes(counts, 3, 5).map(({ actual, predicted, count }) => [actual, predicted, count])).toEqual(
    [
      [0, 1, 2],
      [1, 0, 1],
    ],
  );
  expect(topMistakes(counts, 3, 1)).toHaveLength(1);
});
