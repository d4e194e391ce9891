/** Rows for the charts, and where a curve breaks off. */
import { describe, expect, it } from 'vitest';
import type { CurvePoint } from '@/session/protocol';
import { breaks, curveRows, extreme } from './curveRows';

const point = (step: number, qat: number, loss = 0.5): CurvePoint => ({
  step,
  float: { accuracy: 0.9, loss: 0.2 },
  ptq: step === 0 ? null : { accuracy: 0.6, loss: 9 },
  qat: { accuracy: qat, loss },
});

describe('curveRows', () => {
  it('has nothing for PTQ before the first step, nor for what is not finite', () => {
    const rows = curveRows([point(0, 0.5), point(10, 0.7, Number.NaN)]);
    expect(rows.map((row) => row.accuracy.ptq)).toEqual([null, 0.6]);
    expect(rows.map((row) => row.loss.qat)).toEqual([0.5, null]);
  });
  it('keeps a short collapse in a long run', () => {
    const points = Array.from({ length: 4000 }, (_, i) => point(i, i === 1717 ? 0.31 : 0.95));
    const rows = curveRows(points);
    expect(rows.length).toBeLessThanOrEqual(150);
    expect(extreme(rows, 'accuracy', ['qat'], 'min', 1)).toBe(0.31);
  });
});

describe('breaks', () => {
  it('marks the last finite point of a curve that goes on without a number', () => {
    const rows = curveRows([point(0, 0.5), point(10, 0.7), point(20, 0.5, Number.NaN)]);
    expect(breaks(rows, 'loss')).toEqual([{ network: 'qat', step: 10, value: 0.5 }]);
    expect(breaks(rows, 'accuracy')).toEqual([]);
  });
  it('marks a network that the worker reports as diverged', () => {
    const rows = curveRows([point(0, 0.5), point(10, 0.7)]);
    expect(breaks(rows, 'accuracy', 'float')).toEqual([{ network: 'float', step: 10, value: 0.9 }]);
  });
});
