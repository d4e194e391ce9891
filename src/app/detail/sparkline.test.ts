import { expect, it } from 'vitest';
import { sparkline } from './sparkline';

const at = (step: number, value: number) => ({ step, parameters: { step: value } });

it('spans the run from left to right and the values from bottom to top', () => {
  expect(sparkline([at(0, 1), at(50, 3), at(100, 2)], 'step', 40, 10)).toEqual([
    [0, 10],
    [20, 0],
    [40, 5],
  ]);
});
it('is flat for a value that stands still', () => {
  expect(sparkline([at(10, 2), at(20, 2)], 'step', 40, 10)).toEqual([
    [0, 5],
    [40, 5],
  ]);
});
it('starts where the value does, and leaves out what is not finite', () => {
  const history = [{ step: 0, parameters: { clip: 6 } }, at(10, 1), at(15, Number.NaN), at(20, 2)];
  expect(sparkline(history, 'step', 40, 10)).toEqual([
    [0, 10],
    [40, 0],
  ]);
});
it('needs two moments', () => expect(sparkline([at(0, 1)], 'step', 40, 10)).toEqual([]));
