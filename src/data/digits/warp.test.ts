import { expect, test } from 'vitest';
import { type Random, stream } from '../random';
import { Warp } from './warp';

test('a field whose nodes all move alike moves everything so', () => {
  const constant: Random = { ...stream(1, 'data'), normal: () => 1 };
  const warp = new Warp();
  warp.draw(1.5, constant);
  for (const [x, y] of [
    [0, 0],
    [3.3, -9.9],
    [-50, 50],
  ] as const) {
    warp.at(x, y);
    expect(warp.dx).toBeCloseTo(1.5, 12);
    expect(warp.dy).toBeCloseTo(1.5, 12);
  }
});

test('a random field is smooth: no jump and no kink', () => {
  const warp = new Warp();
  warp.draw(1, stream(2, 'data'));
  const at = (x: number) => {
    warp.at(x, 1.7);
    return warp.dx;
  };
  const step = 0.01;
  for (let x = -14; x < 14; x += step) {
    expect(Math.abs(at(x + step) - at(x))).toBeLessThan(step);
    // The second derivative of a cubic B-spline over nodes 8 pixels apart stays below 4 max|node| / 64.
    expect(Math.abs(at(x + step) - 2 * at(x) + at(x - step)) / step ** 2).toBeLessThan(0.25);
  }
});
