import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stream } from './random';
import { stratify, testCount } from './stratify';

test('a fifth is for testing, but one at least', () => {
  expect([2, 3, 5, 10, 12, 10_000].map(testCount)).toEqual([1, 1, 1, 2, 2, 2000]);
});

test('every row lies in one part, and every class gives its share to within one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 2, maxLength: 400 }), fc.nat(), (labels, seed) => {
      const [train, test] = stratify(labels, stream(seed, 'data/split'));
      expect(test.length).toBe(testCount(labels.length));
      expect([...train, ...test].sort((a, b) => a - b)).toEqual([...labels.keys()]);
      for (let label = 0; label <= 5; label++) {
        const inAll = labels.filter((other) => other === label).length;
        const inTest = test.filter((row) => labels[row] === label).length;
        expect(Math.abs(inTest - (inAll * test.length) / labels.length)).toBeLessThan(1);
      }
    }),
  );
});

test('the same seed splits alike, another one differently, and the rows are mixed', () => {
  const labels = Array.from({ length: 500 }, (_, i) => (i < 250 ? 0 : 1));
  const split = (seed: number) => stratify(labels, stream(seed, 'data/split'));
  expect(split(1)).toEqual(split(1));
  expect(split(1)).not.toEqual(split(2));
  const [train] = split(1);
  expect(Math.abs(train.subarray(0, 200).filter((row) => labels[row] === 0).length - 100)).toBeLessThan(30);
});
