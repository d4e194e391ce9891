import { expect, it } from 'vitest';
import { sharesText } from './Loaded';

it('gives the share of each class that occurs, the fullest first', () => {
  expect(sharesText([1, 0, 3], ['cat', 'dog', 'owl'])).toBe('owl: 75.0 %, cat: 25.0 %.');
});

it('is short where the classes are even, to within one example', () => {
  expect(sharesText([50, 50, 49, 50], ['a', 'b', 'c', 'd'])).toBe('4 classes of 25.0 % each.');
});

it('lists the twelve fullest of many classes', () => {
  const counts = Array.from({ length: 30 }, (_, i) => i);
  const text = sharesText(counts, counts.map(String));
  expect(text).toMatch(/^29: 6\.7 %, 28: .*18: 4\.1 %, and 17 more\.$/);
});

it('says so where there is nothing', () => {
  expect(sharesText([0, 0], ['a', 'b'])).toBe('No examples.');
});
