/** Functions of codes against float64 functions: where steps begin, how far curves are off. */
import { describe, expect, test } from 'vitest';
import { argumentStep, codeHalf } from '@/quant/fixedPoint';
import { onCurve, stepOf } from './arithmetic';
import { codeStep, curveOf, tableOf, worthOf } from './tables';

const functions = {
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  gelu: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};
const grids = [
  { scale: 1 / 255, zeroPoint: 0, qmin: 0, qmax: 255 },
  { scale: 0.013, zeroPoint: 87, qmin: 0, qmax: 255 },
  { scale: 0.13, zeroPoint: 2, qmin: 0, qmax: 15 },
  { scale: 1, zeroPoint: 0, qmin: 0, qmax: 1 },
];

describe.each(['sigmoid', 'tanh', 'gelu'] as const)('%s', (name) => {
  test.each(grids)('rounds to %j as the function does, at every code', (grid) => {
    const step = codeStep(name, grid);
    const table = tableOf(name, step, grid);
    expect(table.starts[0]).toBe(-codeHalf);
    let unequal = 0;
    for (let code = -codeHalf; code < codeHalf; code++) {
      const exact = functions[name](code * step) / grid.scale + grid.zeroPoint;
      const clamped = Math.min(Math.max(exact, grid.qmin), grid.qmax);
      const found = stepOf(table, code);
      if (Math.abs(found - clamped) > 0.5) unequal++;
      expect(Math.abs(found - clamped)).toBeLessThan(0.5 + 1e-3);
    }
    // Only where float32 falls on the other side of a tie.
    expect(unequal).toBeLessThan(table.starts.length);
    // Rising but for the dip of GELU, every q begins once.
    expect(table.starts.length).toBeLessThanOrEqual(grid.qmax + 1 + (name === 'gelu' ? 28 : 0));
  });
});

test.each([
  ['sigmoid', 13],
  ['tanh', 12],
] as const)('the curve of %s is within a step of 2^-%i of the function', (name, bits) => {
  const curve = curveOf(name, argumentStep[name], bits);
  expect(curve.length).toBe(257);
  for (let code = -codeHalf; code < codeHalf; code += 7) {
    const exact = functions[name](code * argumentStep[name]) * 2 ** bits;
    expect(Math.abs(onCurve(curve, code) - exact)).toBeLessThan(1.5);
  }
  expect(onCurve(curve, codeHalf - 1)).toBeLessThanOrEqual(2 ** bits);
});

test('gates are worth their numbers in steps of 2^-12', () => {
  expect([...worthOf({ scale: 0.25, zeroPoint: 2, qmin: 0, qmax: 3 })]).toEqual([-2048, -1024, 0, 1024]);
});
