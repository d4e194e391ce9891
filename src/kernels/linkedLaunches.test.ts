import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linkLaunches } from './linkedLaunches';

test('calls every function in order with its arguments', () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const call = fc.tuple(fc.nat(2), fc.tuple(word, word, word));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 300 }), (calls) => {
      const seen: number[][] = [];
      const functions = [
        () => void seen.push([0]),
        (a: number) => void seen.push([1, a]),
        (a: number, b: number, c: number) => void seen.push([2, a, b, c]),
      ];
      const kernels = calls.map(([which]) => functions[which] as (...values: number[]) => void);
      const values = calls.map(([which, words]) => words.slice(0, [0, 1, 3][which]));
      const run = linkLaunches(kernels, values);
      run();
      run();
      const once = calls.map(([which, words]) => [which, ...words.slice(0, [0, 1, 3][which])]);
      expect(seen).toEqual([...once, ...once]);
    }),
    { numRuns: 50 },
  );
});

test('takes addresses of the upper half of memory', () => {
  const seen: number[] = [];
  linkLaunches([(a: number) => void seen.push(a >>> 0)], [[2 ** 31 + 64]])();
  expect(seen).toEqual([2 ** 31 + 64]);
});

test('does nothing for an empty list', () => {
  expect(linkLaunches([], [])()).toBeUndefined();
});
