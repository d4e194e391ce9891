import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundHalfEven } from './rounding';

test('ties go to the even neighbour', () => {
  const ties = [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5];
  expect(ties.map((x) => roundHalfEven(x) + 0)).toEqual([-4, -2, -2, 0, 0, 2, 2, 4]);
});

test('it agrees with the rounding of float64 addition', () => {
  const shift = 1.5 * 2 ** 52;
  fc.assert(
    fc.property(fc.double({ min: -(2 ** 50), max: 2 ** 50, noNaN: true }), (x) => {
      expect(roundHalfEven(x) + 0).toBe(x + shift - shift + 0);
    }),
  );
});

test('NaN and infinities are returned unchanged', () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  expect(values.map(roundHalfEven)).toEqual(values);
});
