/** The drawn grid against plain fake quantization, rounding half to even. */
import { describe, expect, it } from 'vitest';
import { type Grid, levels, passRange, staircase } from './grid';

const symmetric: Grid = { bits: 3, scale: 0.5, zeroPoint: 0, qmin: -3, qmax: 3 };
const unsigned: Grid = { bits: 4, scale: 0.1, zeroPoint: 0, qmin: 0, qmax: 15 };
const affine: Grid = { bits: 4, scale: 0.25, zeroPoint: 5, qmin: 0, qmax: 15 };
const sign: Grid = { bits: 1, scale: 0.3, zeroPoint: 0, qmin: -1, qmax: 1 };
const fp4: Grid = { bits: 4, scale: 0.5, zeroPoint: 0, qmin: -7, qmax: 7, format: 'e2m1' };
const float: Grid = { bits: 32, scale: 1, zeroPoint: 0, qmin: 0, qmax: 0 };

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
    const activations: Grid = { bits: 1, scale: 2, zeroPoint: 0, qmin: 0, qmax: 1 };
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
  it('are none for float', () => expect(levels(float)).toEqual([]));
});

describe('passRange', () => {
  it('ends half a step outside the outer levels', () => {
    expect(passRange(symmetric)).toEqual({ low: -1.75, high: 1.75 });
    expect(passRange(affine)).toEqual({ low: -1.375, high: 2.625 });
  });
  it('ends half of the last step outside the largest value of a float format', () => {
    expect(passRange(fp4)).toEqual({ low: -3.5, high: 3.5 });
    const fp8: Grid = { bits: 8, scale: 1, zeroPoint: 0, qmin: -126, qmax: 126, format: 'e4m3' };
    expect(passRange(fp8)).toEqual({ low: -464, high: 464 });
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
