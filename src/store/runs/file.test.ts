import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleExperiment } from '@/experiment/testing/example';
import type { CurvePoint } from '@/session/protocol';
import { finished } from './actions';
import { runsFromFile, runsToFile } from './file';
import { maxCurve, type Run, timeToAccuracy } from './record';

const point = (step: number, float: number, qat: number): CurvePoint => ({
  step,
  float: { accuracy: float, loss: 0.5 },
  qat: { accuracy: qat, loss: 0.7 },
  ptq: step === 0 ? null : { accuracy: 0.5, loss: 1 },
});
const points = [point(0, 0.5, 0.5), point(10, 0.9, 0.7), point(20, 0.95, 0.8), point(30, 0.9, 0.8)];
const run = (more: Partial<Run> = {}): Run => ({
  ...finished({
    experiment: { ...exampleExperiment, changes: [] },
    points,
    stepMs: { float: 2, qat: 5 },
    backend: 'wasm',
    widths: {},
    curve: true,
  }),
  ...more,
});

describe('a kept run', () => {
  it('has the numbers of its last evaluation', () => {
    expect(run()).toMatchObject({ step: 30, accuracy: { float: 0.9, ptq: 0.5, qat: 0.8 } });
  });

  it('has the time until a network first had the accuracy shown', () => {
    // QAT had its 80 % at step 20, 5 ms each; float had its 90 % at step 10 already, 2 ms each.
    expect(timeToAccuracy(run(), 'qat')).toBe(100);
    expect(timeToAccuracy(run(), 'float')).toBe(20);
    expect(timeToAccuracy(run({ stepMs: null }), 'qat')).toBeNull();
  });

  it('keeps a thinned curve with its ends', () => {
    const long = Array.from({ length: 5000 }, (_, i) => point(i, 0.9, 0.5 + 0.4 * Math.sin(i / 40) ** 2));
    const { points: kept } = finished({ ...run(), points: long, widths: {} });
    expect(kept.length).toBeLessThanOrEqual(maxCurve);
    expect([kept[0], kept.at(-1)]).toEqual([long[0], long.at(-1)]);
  });
});

describe('a file of runs', () => {
  it('comes back as it was saved, infinite losses too', () => {
    const lost = [
      point(0, 0.5, 0.5),
      { ...point(5, 0.5, 0.5), qat: { accuracy: 0.5, loss: Number.POSITIVE_INFINITY } },
    ];
    const runs = [run({ name: 'Best' }), run({ points: lost, sweep: 'abc' })];
    expect(runsFromFile(runsToFile(runs), 'runs.json')).toEqual({ ok: true, runs });
  });

  const text = runsToFile([run({ id: 'a' }), run({ id: 'b' })]);
  it.each([
    [text.slice(0, -20), '“r.json” is not valid JSON: it may be cut off. No run was added.'],
    ['{}', '“r.json” is JSON, but does not hold runs of this playground.'],
    [
      text.replace('"version":1', '"version":3'),
      '“r.json” is of version 3, and this playground reads version 1.',
    ],
    [text.replace('"qat":0.8}', '"qat":1.8}'), '“r.json”: run 1’s accuracy, qat must be at most 1.'],
    [text.replace('"id":"b"', '"id":"a"'), '“r.json” holds two runs of the same id.'],
    [text.replace('"id":"b"', '"id":"<b>"'), /^“r.json”: run 2’s id /],
  ])('is refused whole where it is corrupt (%#)', (corrupt, message) => {
    const read = runsFromFile(corrupt, 'r.json');
    expect(read.ok).toBe(false);
    expect(!read.ok && read.message).toMatch(message);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.nat(text.trimEnd().length - 1).map((n) => text.slice(0, n)),
        ),
        (some) => {
          expect(runsFromFile(some, 'x').ok).toBe(false);
        },
      ),
    );
  });
});
