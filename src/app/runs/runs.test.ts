import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '@/experiment/presets';
import type { CurvePoint } from '@/session/protocol';
import { finished } from '@/store/runs/actions';
import type { Run } from '@/store/runs/record';
import { costAxes } from './axes';
import { duration, sorted } from './columns';
import { accuracyAxis, labelsBelow, logAxis, type Placed, paretoFront } from './pareto';
import { meanRows, rowsOf } from './rows';
import { tableAsCsv, tableAsJson } from './save';

const placed = fc.record({ x: fc.integer({ min: 1, max: 12 }), y: fc.integer({ min: 0, max: 12 }) });
const beats = (a: Placed, b: Placed) => a.x <= b.x && a.y >= b.y && (a.x < b.x || a.y > b.y);

describe('the Pareto front', () => {
  it('is what no other point beats, by comparing all pairs', () => {
    fc.assert(
      fc.property(fc.array(placed, { maxLength: 20 }), (points) => {
        const front = paretoFront(points);
        const unbeaten = points.filter((point) => !points.some((other) => beats(other, point)));
        const distinct = new Set(unbeaten.map(({ x, y }) => `${x} ${y}`));
        expect(front.map((i) => `${points[i]!.x} ${points[i]!.y}`).toSorted()).toEqual(
          [...distinct].toSorted(),
        );
        expect(front.map((i) => points[i]!.x)).toEqual(
          front.map((i) => points[i]!.x).toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it('passes over what has no number', () => {
    expect(
      paretoFront([
        { x: Number.NaN, y: 1 },
        { x: 2, y: 0.5 },
      ]),
    ).toEqual([1]);
  });
});

describe('its axes', () => {
  it('leave far outliers below', () => {
    const { domain } = accuracyAxis([0.1, 0.95, 0.96, 0.97, 0.98]);
    expect(domain[0]).toBeGreaterThan(0.8);
    expect(domain[1]).toBeGreaterThanOrEqual(0.98);
  });

  it('have sizes at round numbers of bytes, KB or MB', () => {
    const ticks = (...sizes: number[]) => {
      const { unit, tick } = costAxes.size;
      return logAxis(sizes, unit(Math.max(...sizes))).ticks.map(tick);
    };
    expect(ticks(3133, 21_504)).toEqual(['5 KB', '10 KB', '20 KB']);
    expect(ticks(447, 4000)).toEqual(['512 B', '1 KB', '2 KB']);
    expect(ticks(120, 900)).toEqual(['200 B', '500 B', '1000 B']);
    expect(ticks(1500 * 1024, 3000 * 1024)).toEqual(['1.5 MB', '2 MB', '3 MB']);
  });

  it('hold every value, with a few ticks within', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
        const { domain, ticks } = logAxis(values);
        expect(values.every((value) => value >= domain[0] && value <= domain[1])).toBe(true);
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect(ticks.every((tick) => tick >= domain[0] && tick <= domain[1])).toBe(true);
      }),
    );
  });
});

const run = (seed: number, qat: number, more: Partial<Run> = {}): Run => {
  const point = (step: number): CurvePoint => ({
    step,
    float: { accuracy: 0.99, loss: 0.1 },
    qat: { accuracy: qat, loss: 0.2 },
    ptq: { accuracy: 0.5, loss: 2 },
  });
  const experiment = { ...defaultExperiment, seed };
  const stepMs = { float: 1, qat: 2 };
  const made = {
    experiment,
    points: [point(5), point(10)],
    stepMs,
    backend: 'wasm',
    widths: {},
    curve: false,
  };
  return { ...finished(made), ...more };
};

describe('labels of points below the axis', () => {
  const below = (left: number, value: number) => ({ left, below: true, value });
  it('are shared by neighbours and leave out points above', () => {
    const points = [below(50, 0.1), { left: 60, below: false, value: 0.9 }, below(90, 0.25), below(300, 0.5)];
    expect([...labelsBelow(points, 800)]).toEqual([
      [2, { text: '10.0 to 25.0 %, below', flip: false }],
      [3, { text: '50.0 %, below', flip: false }],
    ]);
  });
  it('stand to the left of a group that ends at the right edge', () => {
    expect([...labelsBelow([below(700, 0.1), below(780, 0.1)], 800)]).toEqual([
      [0, { text: '10.0 %, below', flip: true }],
    ]);
  });
});

describe('rows', () => {
  it('of runs that differ in their seed are one, with mean and sample deviation', () => {
    const rows = meanRows([run(1, 0.9), run(2, 0.94), { ...run(3, 0.5), step: 20 }]);
    expect(rows.map(({ runs }) => runs.length)).toEqual([2, 1]);
    expect(rows[0]!.qat.mean).toBeCloseTo(0.92, 12);
    expect(rows[0]!.qat.spread).toBeCloseTo(0.04 / Math.SQRT2, 12);
    expect(rows[0]).toMatchObject({ time: 10, floatTime: 5, stepMs: 2, floatStepMs: 1 });
  });

  const runs = [run(1, 0.9), run(2, 0.7), run(3, 0.8, { stepMs: null })];
  const rows = rowsOf(runs, new Map(runs.map(({ id, experiment }) => [id, `seed ${experiment.seed}`])));
  const order = (by: 'qat' | 'time' | 'name', down: boolean) =>
    sorted(rows, { by, down }).map(({ name }) => name);

  it('are sorted by any column; what has no value is last either way', () => {
    expect(order('qat', true)).toEqual(['seed 1', 'seed 3', 'seed 2']);
    expect(order('name', false)).toEqual(['seed 1', 'seed 2', 'seed 3']);
    expect(order('time', false).at(-1)).toBe('seed 3');
    expect(order('time', true).at(-1)).toBe('seed 3');
  });

  it('are saved as CSV and JSON with the same values', () => {
    const json = JSON.parse(tableAsJson(rows)) as Record<string, unknown>[];
    const [head, first] = tableAsCsv(rows).split('\n');
    expect(head!.split(',')).toEqual(Object.keys(json[0]!));
    expect(first!.startsWith('seed 1,1,8 3 8,3,10,0.9,0,0.5,0,0.99,0,')).toBe(true);
    expect(json[1]).toMatchObject({
      run: 'seed 2',
      qat_accuracy: 0.7,
      float_step_ms: 1,
      qat_ms_to_accuracy: 10,
    });
    const formula = rowsOf([runs[0]!], new Map([[runs[0]!.id, '=1+1, "x"']]));
    expect(tableAsCsv(formula)).toContain(`"'=1+1, ""x"""`);
  });
});

it('durations', () => {
  expect([4.6, 424, 12_345, 59_949, 60_000, 3_600_000].map(duration)).toEqual([
    '0.0046 s',
    '0.42 s',
    '12.3 s',
    '59.9 s',
    '1.0 min',
    '1.0 h',
  ]);
});
