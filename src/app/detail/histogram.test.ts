/** Bars change colour exactly at 0 and where clipping begins. */
import { describe, expect, it } from 'vitest';
import { chooseLabels, histogramBars, histogramDomain } from './histogram';

const whole = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

describe('histogramBars', () => {
  it('cuts a bin where clipping begins, both parts equally high', () => {
    const bars = histogramBars({ min: 0, max: 2, counts: [5, 7] }, { low: -1, high: 1.25 });
    expect(bars).toEqual([
      { from: 0, to: 1, count: 5, negative: false, clipped: false },
      { from: 1, to: 1.25, count: 7, negative: false, clipped: false },
      { from: 1.25, to: 2, count: 7, negative: false, clipped: true },
    ]);
  });
  it('cuts a bin at 0 into the two signs', () => {
    const bars = histogramBars({ min: -1, max: 3, counts: [4, 0] }, whole);
    expect(bars).toEqual([
      { from: -1, to: 0, count: 4, negative: true, clipped: false },
      { from: 0, to: 1, count: 4, negative: false, clipped: false },
    ]);
  });
  it('covers the bins exactly and clips nothing in float', () => {
    const counts = Array.from({ length: 48 }, (_, i) => i);
    const bars = histogramBars({ min: -0.7, max: 0.9, counts }, whole);
    const area = bars.reduce((sum, bar) => sum + (bar.to - bar.from) * bar.count, 0);
    expect(area).toBeCloseTo(((47 * 48) / 2) * (1.6 / 48), 9);
    expect(bars.some((bar) => bar.clipped)).toBe(false);
  });
  it('stays in order when one value fills the histogram', () => {
    expect(histogramBars({ min: 0.5, max: 0.5, counts: [9] }, whole)).toHaveLength(1);
  });
});

describe('histogramDomain', () => {
  it('holds values and levels, and is centred for weights', () => {
    const domain = histogramDomain({ min: -0.2, max: 0.5, counts: [] }, [-1, 1], true);
    expect(domain.low).toBeCloseTo(-domain.high);
    expect(domain.high).toBeGreaterThan(1);
  });
  it('starts near 0 after ReLU', () => {
    const { low, high } = histogramDomain({ min: 0, max: 4, counts: [] }, [0, 4], false);
    expect(low).toBeGreaterThan(-0.3);
    expect(high).toBeGreaterThan(4);
  });
});

describe('chooseLabels', () => {
  it('shows all that fit', () => {
    expect(chooseLabels([0, 20, 40].map((x) => ({ x, width: 18, weight: 1 })))).toEqual([true, true, true]);
  });
  it('prefers the larger where two would touch', () => {
    const shown = chooseLabels([
      { x: 0, width: 20, weight: 0.1 },
      { x: 10, width: 20, weight: 0.5 },
      { x: 40, width: 20, weight: 0.2 },
    ]);
    expect(shown).toEqual([false, true, true]);
  });
});
