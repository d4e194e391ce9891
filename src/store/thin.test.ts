/** Thinning keeps what a reader would miss, and keeps it still. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thin } from './thin';

interface Point {
  step: number;
  a: number;
  b: number;
}
const series = (count: number, a: (i: number) => number, b: (i: number) => number = () => 0): Point[] =>
  Array.from({ length: count }, (_, i) => ({ step: i * 10, a: a(i), b: b(i) }));
const thinned = (points: readonly Point[], limit: number) =>
  thin(
    points,
    limit,
    (p) => p.step,
    (p) => [p.a, p.b],
  );

describe('thin', () => {
  it('returns a short series as it is', () => {
    const points = series(150, Math.sin);
    expect(thinned(points, 150)).toEqual(points);
    expect(thinned([], 150)).toEqual([]);
  });

  it('keeps a spike of one point in either series', () => {
    const points = series(
      5000,
      (i) => (i === 2345 ? 5 : Math.sin(i / 300)),
      (i) => (i === 4001 ? -7 : 1),
    );
    const steps = thinned(points, 150).map((p) => p.step);
    expect(steps).toContain(23450);
    expect(steps).toContain(40010);
  });

  it('passes over values that are not finite, and keeps the last point even if it is one', () => {
    const points = series(1000, (i) => (i > 990 ? Number.NaN : i));
    const result = thinned(points, 100);
    expect(result.at(-1)?.step).toBe(9990);
    expect(result.some((p) => p.a === 990)).toBe(true);
  });

  it('does not redraw the past: one point more changes at most the end', () => {
    const all = series(3001, (i) => Math.sin(i / 20) + Math.sin(i * 12.9898) * 0.1);
    const before = thinned(all.slice(0, 3000), 150);
    const after = thinned(all, 150);
    const old = after.filter((p) => p.step < 2900 * 10);
    expect(before.filter((p) => p.step < 2900 * 10)).toEqual(old);
  });

  it('stays within the limit, in order, with both ends and all extremes, for any series', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.float()), { maxLength: 900 }),
        fc.integer({ min: 12, max: 200 }),
        (rows, limit) => {
          const points = rows.map(([a, b], i) => ({ step: i, a, b }));
          const result = thinned(points, limit);
          expect(result.length).toBeLessThanOrEqual(limit);
          const indices = result.map((p) => points.indexOf(p));
          expect(indices).toEqual([...indices].sort((p, q) => p - q));
          expect(new Set(indices).size).toBe(indices.length);
          if (points.length === 0) return;
          expect(result[0]).toBe(points[0]);
          expect(result.at(-1)).toBe(points.at(-1));
          expect(Math.max(...result.map((p) => p.a))).toBe(Math.max(...points.map((p) => p.a)));
          expect(Math.min(...result.map((p) => p.a))).toBe(Math.min(...points.map((p) => p.a)));
        },
      ),
      { numRuns: 60 },
    );
  });
});
