import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Plan } from './plan';
import { planSummary } from './planWords';
import { defaultExperiment } from './presets';
import { type Change, type Experiment, experimentSchema } from './schema';
import { experiments } from './testing/arbitrary';
import { type Handle, handlesOf, moved, nextWidth, parsePoints, pointsText, withRecorded } from './timeline';

const change = (step: number, bits: 2 | 4, layer = 'dense1'): Change => ({
  ...{ kind: 'bits', site: 'weights' },
  ...{ step, layer, bits },
});
const plan: Plan = [
  {
    ...{ kind: 'steps', of: 'weights', layers: ['dense2'] },
    points: [
      { step: 0, bits: 8 },
      { step: 500, bits: 4 },
    ],
  },
  { kind: 'cyclic', of: 'activations', from: 100, to: 900, low: 3, high: 8, cycles: 4 },
  { kind: 'hybrid', until: 200, train: 300 },
];
const changes = [change(50, 4), change(50, 4, 'dense2'), change(700, 2)];
const handle = (id: string, timeline = { plan, changes }): Handle =>
  handlesOf(timeline).find((one) => one.id === id)!;

describe('what can be taken hold of', () => {
  test('every moment of the plan and every step with changes by hand, in order', () => {
    expect(handlesOf({ plan, changes }).map(({ step, bits, sign }) => [step, bits ?? sign])).toEqual([
      [0, 8],
      [50, 4],
      [100, 3],
      [200, 'P'],
      [300, 'Q'],
      [500, 4],
      [700, 2],
      [900, 8],
    ]);
    expect(handlesOf({ changes: [] })).toEqual([]);
  });

  test('says whom it speaks to', () => {
    expect(handle('plan/0/1').words).toBe('Stepwise, dense2, weights: these bits from here on');
    expect(handle('plan/1/0').words).toContain('Cyclic (CPT), all layers, activations');
    expect(handle('hand/0').layers).toEqual(['dense1', 'dense2']);
  });

  test('is moved within what lies around it', () => {
    expect(moved(handle('plan/0/1'), 620.4).plan![0]).toMatchObject({ points: [{ step: 0 }, { step: 620 }] });
    expect(moved(handle('plan/0/1'), -5).plan![0]).toMatchObject({ points: [{ step: 0 }, { step: 1 }] });
    expect(moved(handle('plan/1/0'), 5000).plan![1]).toMatchObject({ from: 899, to: 900 });
    expect(moved(handle('plan/2/0'), 5000).plan![2]).toMatchObject({ until: 300, train: 300 });
  });

  test('changes by hand move together and keep their order', () => {
    expect(moved(handle('hand/0'), 9000).changes.map(({ step }) => step)).toEqual([699, 699, 700]);
    expect(moved(handle('hand/1'), 0).changes.map(({ step }) => step)).toEqual([50, 50, 51]);
    expect(moved(handle('hand/0'), 60).plan).toBe(plan);
  });

  test('takes the next width up or down that it may have', () => {
    expect(nextWidth(handle('plan/0/0'), 1)).toBe(32);
    expect(nextWidth(handle('plan/1/1'), 1)).toBeUndefined();
    expect(nextWidth(handle('plan/1/1'), -1)).toBe(7);
    expect(nextWidth(handle('plan/2/0'), 1)).toBeUndefined();
    expect(handle('hand/0').widen!(3).changes.map((one) => 'bits' in one && one.bits)).toEqual([3, 3, 2]);
  });

  test('goes: a point from its schedule, the last one and any other with its entry', () => {
    expect(handle('plan/0/1').remove().plan![0]).toMatchObject({ points: [{ step: 0, bits: 8 }] });
    expect(handle('plan/1/0').remove().plan).toEqual([plan[0], plan[2]]);
    expect(handle('hand/0').remove().changes).toEqual([change(700, 2)]);
    const alone = { plan: [plan[2]!], changes };
    expect('plan' in handle('plan/0/0', alone).remove()).toBe(false);
  });

  test('whatever is done to it gives an experiment that is valid', () => {
    const act = fc.tuple(fc.nat(40), fc.nat(3), fc.integer({ min: -10, max: 2_000_000 }));
    fc.assert(
      fc.property(experiments, fc.array(act, { minLength: 1, maxLength: 4 }), (start, acts) => {
        let experiment: Experiment = start;
        for (const [which, what, step] of acts) {
          const all = handlesOf(experiment);
          const one = all[which % Math.max(1, all.length)];
          if (!one) return;
          const wider = nextWidth(one, what === 1 ? 1 : -1);
          const next =
            what === 3 ? one.remove() : what > 0 && wider && one.widen ? one.widen(wider) : moved(one, step);
          const { plan: _, ...rest } = experiment;
          experiment = { ...rest, ...next };
          const result = experimentSchema.safeParse(experiment);
          expect(result.error?.issues ?? []).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a stepwise schedule as text', () => {
  test('is read as it is written', () => {
    const points = [
      { step: 0, bits: 8 },
      { step: 500, bits: 4 },
    ] as const;
    expect(pointsText([...points])).toBe('0: 8, 500: 4');
    expect(parsePoints('0: 8, 500: 4')).toEqual(points);
    expect(parsePoints(' 0 8;500:4 ')).toEqual(points);
  });
  test.each(['', '0: 9', '500: 4, 100: 2', '0: 8, 0: 4', 'soon: 4', '0: 8, , 2000000: 4'])(
    'refuses %j',
    (text) => {
      expect(parsePoints(text)).toBeUndefined();
    },
  );
});

test('a plan has a short name', () => {
  expect(planSummary(plan)).toBe('dense2 W 8>4, A CPT 3–8 × 4, PTQ at 200, QAT from 300');
  expect(planSummary([{ kind: 'late', until: 500 }])).toBe('QAT from 500');
  expect(defaultExperiment.plan).toBeUndefined();
});

test('a width that was toggled while a hand was on a handle stays recorded', () => {
  const base = { plan, changes };
  const next = moved(handle('hand/1'), 400);
  const toggled = change(650, 4, 'dense2');
  const now = { plan, changes: [...changes, toggled] };
  expect(withRecorded(next, base, now).changes).toEqual([
    ...changes.slice(0, 2),
    { ...changes[2], step: 400 },
    toggled,
  ]);
  expect(withRecorded(next, base, base)).toBe(next);
});
