import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordEdit } from './changes';
import { nameRuns } from './differences';
import { defaultExperiment } from './presets';
import type { Experiment } from './schema';
import { withSites } from './sweep/sites';
import { experiments } from './testing/arbitrary';

const at = (bits: 8 | 4 | 2, base: Experiment = defaultExperiment): Experiment =>
  withSites(base, ({ last }) => ({ weights: { bits }, activations: last ? {} : { bits } }));

describe('names of runs', () => {
  it('a run that stands alone is named by its network and bits', () => {
    expect(nameRuns([at(4)])).toEqual(['MLP 16-16, W4 A4']);
    expect(nameRuns([])).toEqual([]);
  });

  it('only what differs is named', () => {
    expect(nameRuns([at(8), at(4), at(2)])).toEqual(['W8 A8', 'W4 A4', 'W2 A2']);
    expect(nameRuns([at(4), { ...at(4), seed: 7 }])).toEqual(['seed 42', 'seed 7']);
    expect(nameRuns([at(4), { ...at(2), seed: 7 }])).toEqual(['W4 A4, seed 42', 'W2 A2, seed 7']);
  });

  it('mixed widths are spelled out', () => {
    const mixed = withSites(at(4), ({ end }) => ({ weights: { bits: end ? 8 : 2 } }));
    expect(nameRuns([at(4), mixed])).toEqual(['W4 A4', 'W8-2-8 A4']);
  });

  it('a difference of quantizer, learning rate and recorded changes has its word', () => {
    const lsq = withSites(at(4), () => ({ weights: { quantizer: 'lsq' } }));
    const slow = { ...at(4), optimizer: { ...at(4).optimizer, learningRate: 0.001 } };
    const changed = recordEdit(at(4), { kind: 'learningRate', value: 0.001 }, 100);
    expect(nameRuns([at(4), lsq])).toEqual(['Abs-max', 'LSQ']);
    expect(nameRuns([at(4), slow])).toEqual(['lr 0.004', 'lr 0.001']);
    expect(nameRuns([at(4), changed])).toEqual(['lr 0.004', 'lr 0.001, 1 change']);
  });

  it('a plan, PTQ’s settings and distillation have their words', () => {
    const planned = (plan: Experiment['plan']) => ({ ...at(4), plan: plan! });
    expect(
      nameRuns([
        at(4),
        planned([{ kind: 'late', until: 500 }]),
        planned([{ kind: 'cyclic', of: 'weights', from: 0, to: 800, low: 3, high: 8, cycles: 8 }]),
      ]),
    ).toEqual(['W4 A4', 'QAT from 500', 'W CPT 3–8 × 8']);
    const rounded = { ...at(4), ptq: { samples: 1024, method: 'mse', round: true } as const };
    const distilled = { ...at(4), distillation: { weight: 0.5, temperature: 4 } };
    expect(nameRuns([rounded, distilled, { ...at(4), held: ['dense1'] }])).toEqual([
      'PTQ MSE 1024 examples AdaRound',
      'distilled 0.5',
      'dense1 held',
    ]);
  });

  it('the same run twice is numbered, and a setting without a word makes a variant', () => {
    expect(nameRuns([at(4), at(4)])).toEqual(['MLP 16-16, W4 A4', 'MLP 16-16, W4 A4 (2)']);
    const channel = withSites(at(4), () => ({ weights: { granularity: 'tensor' } }));
    expect(nameRuns([at(4), channel])).toEqual([
      'MLP 16-16, W4 A4, variant 1',
      'MLP 16-16, W4 A4, variant 2',
    ]);
  });

  it('no two runs have the same name', () => {
    fc.assert(
      fc.property(fc.array(experiments, { maxLength: 6 }), (runs) => {
        const names = nameRuns(runs);
        expect(names).toHaveLength(runs.length);
        expect(new Set(names).size).toBe(names.length);
        expect(names.every((name) => name !== '')).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
