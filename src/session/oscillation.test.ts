/** Oscillation in whole runs: watched, damped, frozen, let go of, and told to the page. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { WeightSite } from '@/catalog/quantizers';
import { generate } from '@/data/generate';
import { recordEdit } from '@/experiment/changes';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';
import { freshOscillation, rows } from '@/kernels/oscillation';
import { startBackend } from '@/kernels/testing/node';
import { gridOf } from './grid';
import { inspect } from './inspect';
import { OscillationWatch, oscillates } from './oscillation';
import type { Checkpoint } from './protocol';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const site = 'weights';
const layers = ['dense1', 'dense2', 'dense3'] as const;

/** Two spirals and an MLP 2-16-16-2 at W3 A3, the weights as given. */
function spiral(weights: Partial<WeightSite> = {}): Experiment {
  const base = experimentFor(
    { kind: 'spirals', samples: 400, noise: 0.04, testShare: 0.5, validationShare: 0 },
    3,
  );
  return {
    ...base,
    layers: networkPresets.smallMlp.layers.map((spec) =>
      'weights' in spec
        ? {
            ...spec,
            weights: { ...spec.weights, bits: 3, ...weights },
            activations: { ...spec.activations, bits: 3 },
          }
        : spec,
    ),
  };
}
const choose = (value: string, layer: string): Edit => ({
  kind: 'quantizer',
  layer,
  site,
  setting: 'oscillation',
  value,
});
const chooseAll = (experiment: Experiment, value: string, step: number) =>
  layers.reduce((changed, layer) => recordEdit(changed, choose(value, layer), step), experiment);

function trainerOf(experiment: Experiment): Trainer {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  return new Trainer(experiment, generate(experiment.dataset, experiment.seed));
}
const go = async (trainer: Trainer, experiment: Experiment, until: number) =>
  expect(
    await new Stepper(trainer, () => experiment.changes, true).burst(Number.POSITIVE_INFINITY, until),
  ).toBeUndefined();

/** A row of every weight's state, layer after layer. */
async function rowOf(trainer: Trainer, name: keyof typeof rows): Promise<number[]> {
  const all: number[] = [];
  for (const layer of layers) {
    const state = trainer.oscillation(layer, site)!;
    const n = state.shape[1]!;
    all.push(...(await state.data()).slice(rows[name] * n, (rows[name] + 1) * n));
  }
  return all;
}
const share = (values: readonly number[], test: (value: number) => boolean) =>
  values.filter(test).length / values.length;
const frozenShare = async (trainer: Trainer) =>
  share(await rowOf(trainer, 'pinned'), (value) => !Number.isNaN(value));
const oscillatingShare = async (trainer: Trainer) =>
  share(await rowOf(trainer, 'frequency'), (value) => value > oscillates);

describe.each(['absmax', 'lsq'] as const)('with %s weights', { timeout: 120_000 }, (quantizer) => {
  const start = spiral({ quantizer });

  test('damping chosen in mid-run leaves less than half of the oscillating weights', async () => {
    const shares: Record<string, number> = {};
    for (const value of ['free', 'damp']) {
      const experiment = chooseAll(start, value, 600);
      const trainer = trainerOf(experiment);
      await go(trainer, experiment, 2200);
      shares[value] = await oscillatingShare(trainer);
      trainer.dispose();
    }
    expect(shares.free).toBeGreaterThan(0.04);
    expect(shares.damp).toBeLessThan(shares.free! / 2);
  });

  test('what is frozen keeps its integer while the rest trains, until freezing ends', async () => {
    const experiment = chooseAll(chooseAll(start, 'freeze', 500), 'free', 1000);
    const trainer = trainerOf(experiment);
    await go(trainer, experiment, 500);
    expect(await frozenShare(trainer)).toBe(0);
    await go(trainer, experiment, 800);
    const [pinned, counted] = [await rowOf(trainer, 'pinned'), await rowOf(trainer, 'changes')];
    const isFrozen = pinned.map((value) => !Number.isNaN(value));
    expect(share(pinned, (value) => !Number.isNaN(value))).toBeGreaterThan(0.05);
    await go(trainer, experiment, 1000);
    const [levels, means, changed] = [
      await rowOf(trainer, 'level'),
      await rowOf(trainer, 'mean'),
      await rowOf(trainer, 'changes'),
    ];
    const moved = levels.map((level, i) => level !== means[i] || changed[i]! > counted[i]! + 1);
    expect(moved.filter((value, i) => isFrozen[i] && value)).toEqual([]);
    expect(changed.some((value, i) => !isFrozen[i] && value > counted[i]!)).toBe(true);
    await go(trainer, experiment, 1100);
    expect(await frozenShare(trainer)).toBe(0);
    expect((await rowOf(trainer, 'changes')).some((value, i) => isFrozen[i] && value > changed[i]!)).toBe(
      true,
    );
    trainer.dispose();
  });
});

test('a run that goes on from a checkpoint freezes and damps as one that was never interrupted', async () => {
  const experiment = [choose('freeze', 'dense2'), choose('damp', 'dense3')].reduce(
    (changed, edit) => recordEdit(changed, edit, 200),
    spiral(),
  );
  const whole = trainerOf(experiment);
  await go(whole, experiment, 400);
  const half: Checkpoint = await whole.checkpoint();
  await go(whole, experiment, 700);
  const resumed = trainerOf(experiment);
  await resumed.restore(experiment, half);
  await go(resumed, experiment, 700);
  expect(await resumed.checkpoint()).toEqual(await whole.checkpoint());
  expect(await frozenShare(resumed)).toBeGreaterThan(0);
  whole.dispose();
  resumed.dispose();
});

test('another grid is watched afresh, and weights without a grid to flip on not at all', async () => {
  const trainer = trainerOf(spiral());
  await go(trainer, spiral(), 200);
  const counts = async () => (await trainer.oscillation('dense2', site)!.data()).slice(-256);
  expect(Math.max(...(await counts()))).toBeGreaterThan(0);
  await trainer.edit({ kind: 'bits', layer: 'dense2', site, bits: 4 });
  expect(Math.max(...(await counts()))).toBe(0);
  const settings: [setting: string, value: string][] = [
    ['rounding', 'stochastic'],
    ['granularity', 'group16'],
    ['quantizer', 'mxfp4'],
  ];
  for (const [setting, value] of settings) {
    const before = trainer.present.layers[1] as { weights: WeightSite };
    const was = String((before.weights as Record<string, unknown>)[setting]);
    await trainer.edit({ kind: 'quantizer', layer: 'dense2', site, setting, value });
    expect(trainer.oscillation('dense2', site), value).toBeUndefined();
    await trainer.edit({ kind: 'quantizer', layer: 'dense2', site, setting, value: was });
    expect(trainer.oscillation('dense2', site), was).toBeDefined();
  }
  await trainer.edit({ kind: 'bits', layer: 'dense2', site, bits: 32 });
  expect(trainer.oscillation('dense2', site)).toBeUndefined();
  trainer.dispose();
});

test('8 bits left free are not watched; at 4, or damped, watching starts over, and ends again', async () => {
  const trainer = trainerOf(spiral({ bits: 8 }));
  const watch = new OscillationWatch();
  const edit = (value: string) => trainer.edit(choose(value, 'dense2'));
  const seen = async () => (await inspect(trainer, 'dense2', watch)).detail!.sites.weights!.oscillation;
  const state = async (name: keyof typeof rows) =>
    [...(await trainer.oscillation('dense2', site)!.data())].slice(256 * rows[name], 256 * (rows[name] + 1));
  await go(trainer, spiral({ bits: 8 }), 100);
  expect(await seen()).toBeUndefined();
  const { tensors } = await trainer.checkpoint();
  const unwatched = Object.entries(tensors).filter(([name]) => name.endsWith('/oscillation'));
  expect(unwatched).toHaveLength(3);
  for (const [, values] of unwatched)
    expect(values).toEqual(freshOscillation(values.length / Object.keys(rows).length));

  await trainer.edit({ kind: 'bits', layer: 'dense2', site, bits: 4 });
  await go(trainer, spiral({ bits: 8 }), 101);
  expect(await state('changes')).toEqual(new Array(256).fill(0));
  expect((await state('level')).every((level) => Math.abs(level) <= 7)).toBe(true);
  await go(trainer, spiral({ bits: 8 }), 200);
  expect(Math.max(...(await state('changes')))).toBeGreaterThan(0);
  expect(await seen()).toMatchObject({ frozen: 0 });

  await trainer.edit({ kind: 'bits', layer: 'dense2', site, bits: 8 });
  expect(trainer.oscillation('dense2', site)).toBeUndefined();
  await edit('damp');
  expect(await state('changes')).toEqual(new Array(256).fill(0));
  await go(trainer, spiral({ bits: 8 }), 300);
  expect(Math.max(...(await state('changes')))).toBeGreaterThan(0);
  await edit('free');
  expect(trainer.oscillation('dense2', site)).toBeUndefined();
  // What was frozen before is not frozen again.
  await edit('freeze');
  expect((await state('pinned')).every(Number.isNaN)).toBe(true);
  trainer.dispose();
});

test('the page hears of shares, and of the levels between which weights changed since it last looked', async () => {
  const experiment = spiral();
  const trainer = trainerOf(experiment);
  const watch = new OscillationWatch();
  await go(trainer, experiment, 300);
  const first = (await inspect(trainer, 'dense2', watch)).detail!.sites.weights!;
  expect(first.oscillation!.flips).toEqual(first.levelShares.slice(1).map(() => 0));
  await go(trainer, experiment, 340);
  const { layers: summaries, detail } = await inspect(trainer, 'dense2', watch);
  const seen = detail!.sites.weights!.oscillation!;
  expect(seen.flips.some((value) => value > 0)).toBe(true);
  expect(seen.flips.reduce((sum, value) => sum + value, 0)).toBeLessThanOrEqual(1);
  const summary = summaries.find(({ name }) => name === 'dense2')!.sites.weights!.oscillation!;
  expect(summary).toEqual({ share: seen.share, frozen: 0 });
  expect(seen.share).toBeGreaterThan(0);
  trainer.dispose();
});

test('a flip counts between the two levels that it crossed last', () => {
  const grid = gridOf(Float32Array.of(-3, 3, 1, 0, 0), undefined);
  const watch = new OscillationWatch();
  const state = (level: number[], direction: number[], changes: number[]) =>
    Float32Array.of(...level, ...direction, 0.1, 0, 0, 0, ...level, NaN, NaN, 1, NaN, ...changes);
  const none = watch.look('a/weights', state([0, 1, 3, -3], [1, 0, 1, -1], [4, 0, 2, 9]), grid);
  expect(none).toEqual({ share: 0.25, frozen: 0.25, flips: [0, 0, 0, 0, 0, 0] });
  const { flips } = watch.look('a/weights', state([1, 1, 3, -3], [1, 0, 1, -1], [5, 0, 2, 10]), grid);
  expect(flips).toEqual([0.25, 0, 0, 0.25, 0, 0]);
});
