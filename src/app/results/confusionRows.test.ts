/** Confusion counts become rows with shares. */
import { expect, it } from 'vitest';
import { confusionAsCsv, confusionRows, shortNames, topMistakes } from './confusionRows';

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

it('short names leave out what all begin with, without cutting a number', () => {
  expect(shortNames(['class 0', 'class 1', 'class 2'])).toEqual(['0', '1', '2']);
  expect(shortNames(['class 10', 'class 11'])).toEqual(['10', '11']);
});
it('short names are the names where they are short, differ from the start, or one would be empty', () => {
  expect(shortNames(['10', '11'])).toEqual(['10', '11']);
  expect(shortNames(['setosa', 'virginica'])).toEqual(['setosa', 'virginica']);
  expect(shortNames(['trouser', 'trousers'])).toEqual(['trouser', 'trousers']);
});

it('is a table of network, true class, predicted class and samples, class names quoted where they must be', () => {
  const names = ['=1', 'a "b", c'];
  expect(confusionAsCsv({ qat: [5, 1, 0, 7] }, names)).toBe(
    [
      'network,true,predicted,samples',
      "qat,'=1,'=1,5",
      `qat,'=1,"a ""b"", c",1`,
      `qat,"a ""b"", c",'=1,0`,
      `qat,"a ""b"", c","a ""b"", c",7`,
      '',
    ].join('\n'),
  );
});
