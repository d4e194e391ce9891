/** Networks whose weights and activations are small floats: they learn, resume and replay as others do. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { blockFormats, floatFormats } from '@/catalog/formats';
import type { ActivationQuantizerKind, WeightQuantizerKind } from '@/catalog/quantizers';
import { generate } from '@/data/generate';
import { recordEdit } from '@/experiment/changes';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { TestSet } from './evaluate';
import { inspect } from './inspect';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const moons = {
  ...experimentFor({ kind: 'moons', samples: 400, noise: 0.1, testShare: 0.5, validationShare: 0 }, 3),
  layers: networkPresets.smallMlp.layers,
};

function withFormats(weights: WeightQuantizerKind, activations: ActivationQuantizerKind): Experiment {
  const last = moons.layers.length - 1;
  return {
    ...moons,
    input: { ...moons.input, bits: 8, quantizer: activations },
    layers: moons.layers.map((spec, index) =>
      'weights' in spec
        ? {
            ...spec,
            weights: { ...spec.weights, bits: 8, quantizer: weights },
            activations: { ...spec.activations, bits: index === last ? 32 : 8, quantizer: activations },
          }
        : spec,
    ),
  };
}

const trainerOf = (experiment: Experiment) => {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  return new Trainer(experiment, generate(experiment.dataset, experiment.seed));
};

async function train(trainer: Trainer, experiment: Experiment, steps: number): Promise<Trainer> {
  const stepper = new Stepper(trainer, () => experiment.changes, true);
  expect(await stepper.burst(Number.POSITIVE_INFINITY, steps)).toBeUndefined();
  return trainer;
}

async function accuracy(trainer: Trainer): Promise<number> {
  const set = new TestSet(trainer);
  const score = await set.evaluate('qat');
  set.dispose();
  return score.accuracy;
}

const pairs: [WeightQuantizerKind, ActivationQuantizerKind][] = [
  ['e4m3', 'e4m3'],
  ['e5m2', 'e5m2'],
  ['e2m1', 'e2m1'],
  ['mxfp4', 'ema'],
  ['mxfp8', 'ema'],
  ['absmax', 'e4m3'],
];

describe.each(pairs)('weights %s, activations %s', (weights, activations) => {
  const experiment = withFormats(weights, activations);

  test('two moons are learnt above 95 %', async () => {
    const trainer = await train(trainerOf(experiment), experiment, 500);
    expect(await accuracy(trainer)).toBeGreaterThan(0.95);
    trainer.dispose();
  });

  test('a run that goes on from a checkpoint equals one that was never interrupted', async () => {
    const whole = await train(trainerOf(experiment), experiment, 24);
    const half = await train(trainerOf(experiment), experiment, 11);
    const resumed = trainerOf(experiment);
    await resumed.restore(experiment, await half.checkpoint());
    await train(resumed, experiment, 24);
    expect(await resumed.checkpoint()).toEqual(await whole.checkpoint());
    for (const trainer of [whole, half, resumed]) trainer.dispose();
  });

  test('nothing is left behind', async () => {
    const before = tf.memory().numTensors;
    const trainer = await train(trainerOf(experiment), experiment, 3);
    const during = tf.memory().numTensors;
    await train(trainer, experiment, 6);
    await inspect(trainer, 'dense2');
    expect(tf.memory().numTensors).toBe(during);
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('choosing a float format in mid-run is a change that replays', async () => {
  const start = withFormats('absmax', 'ema');
  const layer = 'dense2';
  const edits = [
    { kind: 'quantizer', layer, site: 'weights', setting: 'quantizer', value: 'mxfp4' },
    { kind: 'quantizer', layer, site: 'activations', setting: 'quantizer', value: 'e4m3' },
  ] as const;
  const byHand = await train(trainerOf(start), start, 7);
  for (const edit of edits) await byHand.edit(edit);
  await train(byHand, start, 15);
  const recorded = edits.reduce<Experiment>((e, edit) => recordEdit(e, edit, 7), start);
  const replayed = await train(trainerOf(recorded), recorded, 15);
  expect(await replayed.checkpoint()).toEqual(await byHand.checkpoint());
  for (const trainer of [byHand, replayed]) trainer.dispose();
});

describe('the layer view', () => {
  const detailOf = async (weights: WeightQuantizerKind, activations: ActivationQuantizerKind) => {
    const experiment = withFormats(weights, activations);
    const trainer = await train(trainerOf(experiment), experiment, 20);
    const { detail } = await inspect(trainer, 'dense2');
    trainer.dispose();
    return detail!.sites;
  };

  test('names the format, its width and its levels', async () => {
    const { weights, activations } = await detailOf('e2m1', 'e5m2');
    expect(weights).toMatchObject({ format: 'e2m1', bits: 4, qmin: -7, qmax: 7, zeroPoint: 0 });
    expect(weights!.levelShares).toHaveLength(15);
    expect(weights!.levelShares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    // The largest weight of a channel lands on the largest value, and nothing is clipped.
    expect(weights!.levelShares[0]! + weights!.levelShares.at(-1)!).toBeGreaterThan(0);
    expect(weights!.clippedShare).toBe(0);
    expect(activations).toMatchObject({ format: 'e5m2', bits: 8, qmin: -123, qmax: 123, scales: 1 });
    expect(activations!.levelShares).toEqual([]);
  });

  test('shows of a block format the element and the largest of the blocks’ scales', async () => {
    const { weights } = await detailOf('mxfp4', 'ema');
    const { element, blockSize } = blockFormats.mxfp4;
    expect(weights).toMatchObject({ format: element, bits: floatFormats[element].bits });
    expect(Number.isInteger(Math.log2(weights!.scale))).toBe(true);
    const [inputs, outputs] = [weightInputs('dense2'), weightOutputs('dense2')];
    expect(weights!.scales).toBe(Math.ceil(inputs / blockSize) * outputs);
    expect(weights!.clippedShare).toBeLessThan(0.2);
  });
});

const units = moons.layers.map((spec) => ('units' in spec ? (spec.units ?? 2) : 0));
const weightInputs = (layer: string) => units[Number(layer.slice(-1)) - 2]!;
const weightOutputs = (layer: string) => units[Number(layer.slice(-1)) - 1]!;
