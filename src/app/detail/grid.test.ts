/** The drawn grid against plain fake quantization, rounding half to even. */
import { describe, expect, it } from 'vitest';
import { clampRange, type Grid, gradientAt, gradientCurve, levels, passRange, staircase } from './grid';

const plain = { spacing: 1, passes: 'unclamped', estimator: 'ste', zeroPoint: 0 } as const;
const symmetric: Grid = { ...plain, bits: 3, scale: 0.5, inverse: 2, qmin: -3, qmax: 3 };
const unsigned: Grid = { ...plain, bits: 4, scale: 0.1, inverse: 10, qmin: 0, qmax: 15 };
const affine: Grid = { ...plain, bits: 4, scale: 0.25, inverse: 4, zeroPoint: 5, qmin: 0, qmax: 15 };
const sign: Grid = { ...plain, bits: 1, scale: 0.3, inverse: 1 / 0.3, qmin: -1, qmax: 1, spacing: 2 };
const fp4: Grid = { ...plain, bits: 4, scale: 0.5, inverse: 2, qmin: -7, qmax: 7, format: 'e2m1' };
const float: Grid = { ...plain, bits: 32, scale: 1, inverse: 1, qmin: 0, qmax: 0 };
/** Values below 0.35 become 0, the others plus or minus 0.6. */
const twn: Grid = {
  ...plain,
  bits: 2,
  scale: 0.6,
  inverse: 0.5 / 0.35,
  qmin: -1,
  qmax: 1,
  passes: 'everywhere',
};
/** Two bits: -1, -1/3, 1/3, 1 of the values after tanh. */
const dorefa: Grid = {
  ...plain,
  bits: 2,
  scale: 1 / 3,
  inverse: 1.5 / 0.8,
  qmin: -3,
  qmax: 3,
  spacing: 2,
  passes: 'everywhere',
};

function halfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
function fakeQuantize(x: number, { scale, zeroPoint, qmin, qmax }: Grid): number {
  const q = Math.max(qmin, Math.min(qmax, zeroPoint + halfToEven(x / scale)));
  return (q - zeroPoint) * scale;
}
/** All y of the drawn line over x: two on a riser. */
function drawn(corners: [number, number][], x: number): number[] {
  return corners.flatMap(([x0, y0], i) => {
    const next = corners[i + 1];
    return i % 2 === 0 && next && x >= x0 - 1e-9 && x <= next[0] + 1e-9 ? [y0] : [];
  });
}

describe('levels', () => {
  it('run from qmin to qmax, moved by the zero point', () => {
    expect(levels(symmetric).map(({ value }) => value)).toEqual([-1.5, -1, -0.5, 0, 0.5, 1, 1.5]);
    expect(levels(affine)[5]).toEqual({ q: 5, value: 0 });
  });
  it('are two at plus and minus the scale for sign weights, and {0, max} for one-bit activations', () => {
    expect(levels(sign).map(({ value }) => value)).toEqual([-0.3, 0.3]);
    const activations: Grid = { ...plain, bits: 1, scale: 2, inverse: 0.5, qmin: 0, qmax: 1 };
    expect(levels(activations).map(({ value }) => value)).toEqual([0, 2]);
  });
  it('are those of a float format, times the scale', () => {
    const positive = [0.25, 0.5, 0.75, 1, 1.5, 2, 3];
    expect(levels(fp4).map(({ value }) => value + 0)).toEqual([
      ...positive.map((value) => -value).reverse(),
      0,
      ...positive,
    ]);
  });
  it('are every second integer for DoReFa, none of them 0', () => {
    expect(levels(dorefa).map(({ q }) => q)).toEqual([-3, -1, 1, 3]);
    expect(levels(dorefa).at(-1)?.value).toBeCloseTo(1);
  });
  it('are none for float', () => expect(levels(float)).toEqual([]));
});

describe('passRange', () => {
  it('ends half a step outside the outer levels', () => {
    expect(passRange(symmetric)).toEqual({ low: -1.75, high: 1.75 });
    expect(passRange(affine)).toEqual({ low: -1.375, high: 2.625 });
  });
  it('ends half of the last step outside the largest value of a float format', () => {
    expect(passRange(fp4)).toEqual({ low: -3.5, high: 3.5 });
    const fp8: Grid = { ...plain, bits: 8, scale: 1, inverse: 1, qmin: -126, qmax: 126, format: 'e4m3' };
    expect(passRange(fp8)).toEqual({ low: -464, high: 464 });
  });
  it('ends at the outer levels for learned steps, and nowhere for ternary weights', () => {
    expect(passRange({ ...symmetric, passes: 'inside' })).toEqual({ low: -1.5, high: 1.5 });
    expect(passRange({ ...affine, passes: 'closed' })).toEqual({ low: -1.25, high: 2.5 });
    expect(passRange(twn)).toEqual({ low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY });
    expect(clampRange(twn).high).toBeCloseTo(3 * 0.35);
  });
  it('is ±1 for sign weights', () => expect(passRange(sign)).toEqual({ low: -1, high: 1 }));
});

describe('staircase', () => {
  it.each([
    ['symmetric', symmetric],
    ['unsigned', unsigned],
    ['affine with an odd zero point', affine],
  ])('is what half-to-even rounding gives: %s', (_name, grid) => {
    const corners = staircase(grid, -3, 3);
    for (let i = -300; i <= 300; i++) {
      const x = i / 100;
      const wanted = fakeQuantize(x, grid);
      const ys = drawn(corners, x);
      expect(Math.min(...ys.map((y) => Math.abs(y - wanted)))).toBeLessThan(1e-9);
    }
  });
  it('is the sign for sign weights', () => {
    const corners = staircase(sign, -1, 1);
    expect(corners).toEqual([
      [-1, -0.3],
      [0, -0.3],
      [0, 0.3],
      [1, 0.3],
    ]);
  });
  it('rises where TWN’s threshold is, and not halfway between its levels', () => {
    const corners = staircase(twn, -1, 1);
    expect(corners.map(([x]) => Number(x.toFixed(6)))).toEqual([-1, -0.35, -0.35, 0.35, 0.35, 1]);
    expect(corners.map(([, y]) => y)).toEqual([-0.6, -0.6, 0, 0, 0.6, 0.6]);
  });
  it('rises between DoReFa’s levels, at 0 too', () => {
    const corners = staircase(dorefa, -1, 1);
    expect(corners.map(([x]) => Number(x.toFixed(6)))).toEqual([
      -1, -0.666667, -0.666667, 0, 0, 0.666667, 0.666667, 1,
    ]);
  });
  it('is the identity for float', () => {
    expect(staircase(float, -2, 2)).toEqual([
      [-2, -2],
      [2, 2],
    ]);
  });
  it('draws only what is in view', () => {
    const corners = staircase(symmetric, -0.6, 0.6);
    expect(corners[0]).toEqual([-0.6, -0.5]);
    expect(corners.at(-1)).toEqual([0.6, 0.5]);
  });
});

describe('the gradient', () => {
  it('is 1 inside and 0 outside for straight-through, 0 for none, 1 for float', () => {
    expect([-1.8, -1.7, 0, 1.7, 1.8].map((x) => gradientAt(symmetric, x))).toEqual([0, 1, 1, 1, 0]);
    expect(gradientAt({ ...symmetric, estimator: 'none' }, 0)).toBe(0);
    expect(gradientAt(float, 100)).toBe(1);
    expect(gradientAt(fp4, 3.6)).toBe(0);
  });
  it('is a tenth larger or smaller at the thresholds for EWGS, by the sign of what comes in', () => {
    const grid: Grid = { ...symmetric, estimator: 'ewgs' };
    expect(gradientAt(grid, 0.5)).toBe(1);
    expect(gradientAt(grid, 0.2499)).toBeCloseTo(1.1, 3);
    expect(gradientAt(grid, 0.2501)).toBeCloseTo(0.9, 3);
    expect(gradientAt(grid, 0.2499, -1)).toBeCloseTo(0.9, 3);
  });
  it('has the mean 1 over a step for the soft staircase', () => {
    const grid: Grid = { ...symmetric, estimator: 'soft' };
    const xs = Array.from({ length: 1000 }, (_, i) => ((i + 0.5) / 1000) * 0.5);
    expect(xs.reduce((sum, x) => sum + gradientAt(grid, x), 0) / 1000).toBeCloseTo(1, 4);
    expect(gradientAt(grid, 0.25)).toBeGreaterThan(gradientAt(grid, 0.4));
  });
  it('is drawn from end to end with its jumps', () => {
    const curve = gradientCurve(symmetric, -2, 2);
    expect(curve[0]![0]).toBeCloseTo(-2, 4);
    expect(curve.at(-1)![0]).toBeCloseTo(2, 4);
    expect(curve.every(([x], i) => i === 0 || x >= curve[i - 1]![0])).toBe(true);
    expect(curve.filter(([, y]) => y === 0).every(([x]) => Math.abs(x) > 1.749)).toBe(true);
  });
});
