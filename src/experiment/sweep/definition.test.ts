import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { siteAt } from '@/catalog/layers';
import { recordEdit } from '../changes';
import { nameRuns, widths } from '../differences';
import { encodeLink } from '../link';
import { defaultExperiment } from '../presets';
import { expandSweep, maxSweepRuns, type Sweep, sweepFromFile, sweepToFile } from './definition';
import { deviation, mean } from './statistics';

const link = encodeLink(defaultExperiment);
const sweep = (more: Partial<Sweep>): Sweep => ({
  format: 'qat-playground/sweep',
  version: 1,
  experiments: [link],
  steps: 50,
  ...more,
});
const runsOf = (one: Sweep) => {
  const expanded = expandSweep(one);
  if (!expanded.ok) throw new Error(expanded.message);
  return expanded.experiments;
};

describe('a sweep', () => {
  it('is the product of its axes, the seeds of a setting together', () => {
    const runs = runsOf(
      sweep({
        bits: [8, { weights: 2, activations: 4 }],
        weightQuantizers: ['absmax', 'lsq'],
        seeds: [1, 2],
      }),
    );
    expect(nameRuns(runs)).toEqual([
      'W8 A8, Abs-max, seed 1',
      'W8 A8, Abs-max, seed 2',
      'W8 A8, LSQ, seed 1',
      'W8 A8, LSQ, seed 2',
      'W2 A4, Abs-max, seed 1',
      'W2 A4, Abs-max, seed 2',
      'W2 A4, LSQ, seed 1',
      'W2 A4, LSQ, seed 2',
    ]);
    expect(runs.every(({ stop }) => stop.steps === 50)).toBe(true);
    // The logits stay as they are.
    expect(runs.every(({ layers }) => siteAt(layers.at(-1)!, 'activations')?.bits === 32)).toBe(true);
  });

  it('without axes is its experiments, to where they stop', () => {
    const stopping = { ...defaultExperiment, stop: { steps: 70 } };
    expect(runsOf({ ...sweep({}), steps: undefined, experiments: [encodeLink(stopping), stopping] })).toEqual(
      [stopping, stopping],
    );
    expect(runsOf({ ...sweep({}), steps: undefined })[0]?.stop.steps).toBe(2000);
  });

  it('keeps the ends at their width', () => {
    const [run] = runsOf(sweep({ bits: [2], ends: 8 }));
    expect(widths(run!, 'weights')).toEqual([8, 2, 8]);
  });

  it('leaves out a quantizer at a width that it does not have', () => {
    const runs = runsOf(
      sweep({ bits: [{ weights: 8 }, { weights: 4 }], weightQuantizers: ['absmax', 'e4m3'] }),
    );
    expect(runs).toHaveLength(3);
    expect(expandSweep(sweep({ bits: [{ weights: 3 }], weightQuantizers: ['e4m3'] }))).toMatchObject({
      ok: false,
      message: 'The sweep asks for widths that none of its quantizers has.',
    });
  });

  it('does not make recorded changes of what it sets itself', () => {
    const changed = [
      { kind: 'bits', layer: 'dense1', site: 'weights', bits: 2 } as const,
      { kind: 'learningRate', value: 0.001 } as const,
    ].reduce((experiment, edit) => recordEdit(experiment, edit, 20), defaultExperiment);
    const kept = (more: Partial<Sweep>) =>
      runsOf(sweep({ experiments: [encodeLink(changed)], ...more }))[0]?.changes.map(({ kind }) => kind);
    expect(kept({})).toEqual(['bits', 'learningRate']);
    expect(kept({ bits: [4] })).toEqual(['learningRate']);
    expect(kept({ steps: 10 })).toEqual([]);
  });

  it('has a limit', () => {
    const seeds = Array.from({ length: 50 }, (_, i) => i);
    expect(expandSweep(sweep({ bits: [8, 6, 5, 4, 3], seeds }))).toMatchObject({
      message: `The sweep has 250 runs; the most is ${maxSweepRuns}.`,
    });
  });
});

describe('a sweep file', () => {
  it('comes back as it was saved', () => {
    const one = sweep({ name: 'Widths', bits: [4], seeds: [1, 2, 3] });
    expect(sweepFromFile(sweepToFile(one), 'sweep.json')).toMatchObject({ ok: true, sweep: one });
  });

  it.each([
    ['{"format":', '“a.json” is not valid JSON: it may be cut off.'],
    ['[]', '“a.json” is JSON, but not a sweep of this playground.'],
    [
      '{"format":"qat-playground/sweep","version":2}',
      '“a.json” is of version 2, and this playground reads version 1.',
    ],
    [sweepToFile(sweep({ seeds: [] })), '“a.json”’s seeds must have at least 1 entry.'],
    [sweepToFile(sweep({ experiments: ['v=7'] })), /^“a.json”, the experiment: The link is of version “7”/],
  ])('%s is refused in a sentence', (text, message) => {
    const read = sweepFromFile(text, 'a.json');
    expect(read.ok).toBe(false);
    expect(!read.ok && read.message).toMatch(message);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(sweepFromFile(text, 'x').ok).toBe(false);
      }),
    );
  });
});

it('mean and sample deviation of three values', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(deviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12);
  expect(deviation([5])).toBe(0);
});
