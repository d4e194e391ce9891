import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import { activationSite, weightSite } from '@/catalog/quantizers';
import { presentSettings, recordEdit, settingsAt, timelineOf } from './changes';
import { cyclicBits, fittingPlan, type Plan, planEnd, plannedChanges, planProblem } from './plan';
import { defaultExperiment, networkPresets } from './presets';
import { type Experiment, experimentSchema } from './schema';

const base: Experiment = { ...defaultExperiment, layers: networkPresets.smallMlp.layers };
const withPlan = (...plan: Plan): Experiment => ({ ...base, plan });
const widths = (experiment: Experiment, step: number) =>
  settingsAt(experiment, step).layers.map((spec) =>
    spec.kind === 'dense' ? [spec.weights.bits, spec.activations.bits] : [],
  );

describe('the formula of cyclic precision', () => {
  // numpy.rint(3 + 2.5 * (1 + cos(pi * (t % 100) / 100 + pi)))
  test.each([
    [0, 3],
    [20, 3],
    [21, 4],
    [36, 4],
    [37, 5],
    [49, 5],
    [51, 6],
    [63, 6],
    [64, 7],
    [79, 7],
    [80, 8],
    [99, 8],
    [100, 3],
    [175, 7],
  ])('t = %i of a cycle of 100: %i bits', (t, bits) => {
    expect(cyclicBits(3, 8, t, 100)).toBe(bits);
  });
});

describe('what a plan makes of a run', () => {
  const own = [
    [8, 3],
    [3, 3],
    [8, 32],
  ];
  const float = own.map(() => [32, 32]);

  test('stepwise down, for all layers', () => {
    const points: { step: number; bits: Bits }[] = [
      { step: 0, bits: 8 },
      { step: 100, bits: 6 },
      { step: 200, bits: 2 },
    ];
    const experiment = withPlan({ kind: 'steps', of: 'weights', points });
    expect(widths(experiment, 0).map(([w]) => w)).toEqual([8, 8, 8]);
    expect(widths(experiment, 99).map(([w]) => w)).toEqual([8, 8, 8]);
    expect(widths(experiment, 100).map(([w]) => w)).toEqual([6, 6, 6]);
    expect(widths(experiment, 5000)).toEqual([
      [2, 3],
      [2, 3],
      [2, 32],
    ]);
    expect(planEnd(experiment)).toBe(200);
  });

  test('float until a step, then the layers’ own bits, the input’s too', () => {
    const experiment = withPlan({ kind: 'late', until: 500 });
    expect(widths(experiment, 0)).toEqual(float);
    expect(settingsAt(experiment, 0).input.bits).toBe(32);
    expect(widths(experiment, 499)).toEqual(float);
    expect(widths(experiment, 500)).toEqual(own);
    expect(settingsAt(experiment, 500).input.bits).toBe(8);
  });

  test('float, then PTQ held still, then QAT', () => {
    const experiment = withPlan({ kind: 'hybrid', until: 500, train: 700 });
    expect(settingsAt(experiment, 600).held).toEqual(['input', 'dense1', 'dense2', 'dense3']);
    expect(settingsAt(experiment, 700).held).toBeUndefined();
    // What is held from the start stays PTQ's.
    expect(settingsAt({ ...experiment, held: ['dense2'] }, 700).held).toEqual(['dense2']);
    const there = timelineOf(experiment).filter(({ step }) => step === 500);
    expect(there.findIndex(({ kind }) => kind === 'adopt')).toBeGreaterThan(
      there.findLastIndex(({ kind }) => kind === 'bits'),
    );
  });

  test('the widths at any step are those of the formulas', () => {
    const span = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 300 }));
    const bits = fc.constantFrom<Bits>(1, 2, 3, 4, 5, 6, 7, 8);
    fc.assert(
      fc.property(span, bits, bits, fc.integer({ min: 1, max: 9 }), ([from, length], a, b, cycles) => {
        const to = from + length;
        const linear = withPlan({ kind: 'linear', of: 'weights', from, to, start: a, end: b });
        const cyclic = withPlan({
          kind: 'cyclic',
          of: 'weights',
          layers: ['dense2'],
          from,
          to,
          low: Math.min(a, b) as Bits,
          high: Math.max(a, b) as Bits,
          cycles,
        });
        for (let step = 0; step < to + 20; step++) {
          const share = Math.min(1, (step - from) / (to - from));
          const straight = a + (b - a) * share;
          const [first] = widths(linear, step)[0]!;
          // At a tie the even number.
          if (step >= from) expect(Math.abs(first! - straight)).toBeLessThanOrEqual(0.5 + 1e-9);
          else expect(first).toBe(8);
          if (a === b) continue;
          const wanted =
            step >= from && step < to
              ? cyclicBits(Math.min(a, b), Math.max(a, b), step - from, (to - from) / cycles)
              : 3;
          expect(widths(cyclic, step)[1]![0]).toBe(wanted);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('what is changed by hand stands until the plan’s next change, and is what float ends with', () => {
    const steps = withPlan({
      kind: 'steps',
      of: 'weights',
      points: [
        { step: 0, bits: 8 },
        { step: 100, bits: 4 },
      ],
    });
    const edited = recordEdit(steps, { kind: 'bits', layer: 'dense2', site: 'weights', bits: 2 }, 50);
    expect(widths(edited, 60)[1]![0]).toBe(2);
    expect(widths(edited, 100)[1]![0]).toBe(4);
    const late = recordEdit(
      withPlan({ kind: 'late', until: 100 }),
      { kind: 'bits', layer: 'dense2', site: 'weights', bits: 2 },
      50,
    );
    expect(widths(late, 100)[1]).toEqual([2, 3]);
    expect(presentSettings(late).plan).toEqual(late.plan);
  });

  test('bits set before the run take their site off the plan', () => {
    const steps = withPlan({ kind: 'steps', of: 'both', points: [{ step: 0, bits: 8 }] });
    const edited = recordEdit(steps, { kind: 'bits', layer: 'dense2', site: 'weights', bits: 2 }, 0);
    expect(widths(edited, 0)).toEqual([
      [8, 8],
      [2, 8],
      [8, 32],
    ]);
  });
});

describe('a plan that makes no sense', () => {
  test.each<[string, Plan[number], RegExp]>([
    [
      'names a layer',
      { kind: 'steps', of: 'weights', layers: ['dense9'], points: [{ step: 0, bits: 8 }] },
      /dense9/,
    ],
    [
      'ends before it begins',
      { kind: 'linear', of: 'weights', from: 9, to: 9, start: 8, end: 2 },
      /ends before/,
    ],
    ['has no batch norm to freeze', { kind: 'batchNorm', step: 10 }, /batch norm/],
    ['trains before PTQ', { kind: 'hybrid', until: 10, train: 5 }, /before/],
  ])('%s', (_, entry, words) => {
    expect(planProblem(withPlan(entry))).toMatch(words);
    expect(experimentSchema.safeParse(withPlan(entry)).success).toBe(false);
  });

  test('what the network no longer has falls away', () => {
    const plan: Plan = [
      { kind: 'steps', of: 'weights', layers: ['dense1', 'dense9'], points: [{ step: 0, bits: 8 }] },
      { kind: 'steps', of: 'weights', layers: ['dense9'], points: [{ step: 0, bits: 8 }] },
    ];
    expect(fittingPlan(plan, base.layers)).toEqual([{ ...plan[0], layers: ['dense1'] }]);
    expect(plannedChanges({ ...base, plan: fittingPlan(plan, base.layers) }).length).toBe(0);
  });
});

test('sites of the tests are those of the preset', () => {
  expect(base.layers[1]).toMatchObject({ weights: weightSite(3), activations: activationSite(3) });
});
