import fc from 'fast-check';
import { expect, test } from 'vitest';
import { onCircle } from './circle';

test('quarter turns are exact', () => {
  expect(onCircle(0)).toEqual([1, 0]);
  expect(onCircle(0.25).map((value) => value + 0)).toEqual([0, 1]);
  expect(onCircle(-0.5).map((value) => value + 0)).toEqual([-1, 0]);
  expect(onCircle(2.75).map((value) => value + 0)).toEqual([0, -1]);
});

test('any angle agrees with the cosine and sine of the engine', () => {
  fc.assert(
    fc.property(fc.double({ min: -4, max: 4, noNaN: true }), (turns) => {
      const [cosine, sine] = onCircle(turns);
      expect(cosine).toBeCloseTo(Math.cos(turns * 2 * Math.PI), 13);
      expect(sine).toBeCloseTo(Math.sin(turns * 2 * Math.PI), 13);
    }),
  );
});
