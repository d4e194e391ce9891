import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { siteAt } from '@/catalog/layers';
import { weightSite } from '@/catalog/quantizers';
import { applyEdit, presentSettings, recordEdit, settingsAt, timelineOf } from './changes';
import golden from './link/golden.json';
import { layerNames } from './network';
import { type Change, type Edit, type Experiment, experimentSchema } from './schema';
import { edits, experiments } from './testing/arbitrary';

const spirals = golden[0]!.experiment as unknown as Experiment;
const weights = (bits: 2 | 3 | 4): Edit => ({ kind: 'bits', layer: 'dense2', site: 'weights', bits });
const rate = (value: number): Edit => ({ kind: 'learningRate', value });

/** What an edit sets, read straight from the settings. */
function setTo(experiment: Experiment, edit: Edit): unknown {
  if (edit.kind === 'learningRate') return experiment.optimizer.learningRate;
  if (edit.kind === 'batchNorm') return experiment.batchNorm;
  if (edit.kind === 'observers') return experiment.observers ?? 'following';
  if (edit.kind === 'hold') return experiment.held?.includes(edit.layer) ? 'held' : 'trained';
  if (edit.kind === 'adopt') return undefined;
  const layer = experiment.layers[layerNames(experiment.layers).indexOf(edit.layer)];
  const site = edit.layer === 'input' ? experiment.input : layer && siteAt(layer, edit.site);
  return new Map(Object.entries(site ?? {})).get(edit.kind === 'bits' ? 'bits' : edit.setting);
}
const asked = (edit: Edit) =>
  edit.kind === 'adopt' ? undefined : edit.kind === 'bits' ? edit.bits : edit.value;
/** Before the first step a plan may say that all is float for now: the edit holds once it no longer does. */
const isMasked = ({ plan = [] }: Experiment, edit: Edit, step: number) =>
  step === 0 && edit.kind === 'bits' && plan.some(({ kind }) => kind === 'late' || kind === 'hybrid');

const withEdit = experiments.chain((experiment) =>
  fc.record({
    experiment: fc.constant(experiment),
    edit: edits(experiment),
    step: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 1_000_000 }),
      ...experiment.changes.map(({ step }) => fc.constant(step)),
    ),
  }),
);

describe('recording an edit', () => {
  test('it holds at its step, what held before its step stays, and the experiment stays valid', () => {
    fc.assert(
      fc.property(withEdit, ({ experiment, edit, step }) => {
        const recorded = recordEdit(experiment, edit, step);
        if (!isMasked(experiment, edit, step))
          expect(setTo(settingsAt(recorded, step), edit)).toBe(asked(edit));
        if (step > 0) expect(settingsAt(recorded, step - 1)).toEqual(settingsAt(experiment, step - 1));
        const own = (change: Change) => change.step === step;
        expect(recorded.changes.filter((change) => !own(change))).toEqual(
          experiment.changes.filter((change) => !own(change)),
        );
        expect(experimentSchema.safeParse(recorded).error?.issues).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test('twice is once', () => {
    fc.assert(
      fc.property(withEdit, ({ experiment, edit, step }) => {
        const once = recordEdit(experiment, edit, step);
        expect(recordEdit(once, edit, step)).toEqual(once);
      }),
    );
  });

  test('at step 0 it is a starting setting', () => {
    const recorded = recordEdit(spirals, rate(0.5), 0);
    expect(recorded.optimizer.learningRate).toBe(0.5);
    expect(recorded.changes).toEqual([]);
  });

  test('trying several widths while paused leaves one entry', () => {
    const tried = [weights(2), weights(3), weights(4)].reduce(
      (before, edit) => recordEdit(before, edit, 100),
      spirals,
    );
    expect(tried.changes).toEqual([{ ...weights(4), step: 100 }]);
  });

  test('a width, a quantizer and another choice of one site are separate things', () => {
    const choose = (setting: string, value: string): Edit => ({
      kind: 'quantizer',
      layer: 'dense2',
      site: 'weights',
      setting,
      value,
    });
    const made = [weights(2), choose('quantizer', 'mse'), choose('rounding', 'stochastic')];
    const recorded = [...made, choose('quantizer', 'lsq')].reduce(
      (before, edit) => recordEdit(before, edit, 100),
      spirals,
    );
    expect(recorded.changes).toEqual(
      [made[0], made[2], choose('quantizer', 'lsq')].map((edit) => ({ ...edit, step: 100 })),
    );
    const [, dense2] = settingsAt(recorded, 100).layers;
    expect(dense2).toHaveProperty('weights', {
      ...weightSite(2),
      quantizer: 'lsq',
      rounding: 'stochastic',
    });
  });

  test('edits of one step stand in the order in which they were made', () => {
    const made = [weights(2), rate(0.5), rate(0.25)].reduce(
      (before, edit) => recordEdit(before, edit, 100),
      spirals,
    );
    expect(made.changes).toEqual([
      { ...weights(2), step: 100 },
      { ...rate(0.25), step: 100 },
    ]);
  });

  test('an edit between recorded steps, as during Replay, finds its place', () => {
    const run = recordEdit(recordEdit(spirals, weights(2), 100), weights(3), 300);
    const edited = recordEdit(run, rate(0.001), 200);
    expect(edited.changes.map(({ step, kind }) => [step, kind])).toEqual([
      [100, 'bits'],
      [200, 'learningRate'],
      [300, 'bits'],
    ]);
  });
});

describe('settings', () => {
  test('at every step they are those that making the changes one after the other gives', () => {
    fc.assert(
      fc.property(experiments, (experiment) => {
        const { plan: _plan, ...rest } = experiment;
        let running: Experiment = { ...rest, changes: [] };
        let next = 0;
        const timeline = timelineOf(experiment);
        const steps = [0, ...timeline.slice(0, 300).flatMap(({ step }) => [step - 1, step, step + 1])];
        for (const step of steps.sort((a, b) => a - b)) {
          for (let change = timeline[next]; change && change.step <= step; ) {
            const { step: _made, ...edit } = change;
            running = applyEdit(running, edit as Edit);
            change = timeline[++next];
          }
          expect(settingsAt(experiment, step)).toEqual(running);
        }
        if (!experiment.plan) expect(presentSettings(experiment)).toEqual(running);
      }),
      { numRuns: 100 },
    );
  });

  test('an edit that names nothing in the network changes nothing', () => {
    expect(applyEdit(spirals, { kind: 'bits', layer: 'dense9', site: 'weights', bits: 2 })).toBe(spirals);
    expect(applyEdit(spirals, { kind: 'bits', layer: 'input', site: 'weights', bits: 2 })).toBe(spirals);
    const choice = { kind: 'quantizer', setting: 'quantizer', value: 'lsq' } as const;
    expect(applyEdit(spirals, { ...choice, layer: 'dense9', site: 'weights' })).toBe(spirals);
  });

  test('the experiment that is edited stays as it was', () => {
    const before = structuredClone(spirals);
    recordEdit(recordEdit(spirals, weights(2), 5), rate(1), 0);
    expect(spirals).toEqual(before);
  });
});
