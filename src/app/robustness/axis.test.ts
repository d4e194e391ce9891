import { expect, test } from 'vitest';
import { accuracyFrom, levelText } from './axis';

test('the accuracy axis begins at the tenth below the lowest value', () => {
  expect(accuracyFrom([0.97, 0.31])).toBe(0.3);
  expect(accuracyFrom([0.97, 0.3])).toBe(0.2);
  expect(accuracyFrom([1])).toBe(0.9);
  expect(accuracyFrom([0.04, 1])).toBe(0);
  expect(accuracyFrom([])).toBe(0.9);
});

test('levels have their units', () => {
  expect([0, 0.15].map(levelText(''))).toEqual(['0', '0.15']);
  expect([0, 0.475].map(levelText('%'))).toEqual(['0', '47.5 %']);
  expect([0, 15].map(levelText('°'))).toEqual(['0', '15°']);
  expect(levelText('px')(1.5)).toBe('1.5 px');
});
