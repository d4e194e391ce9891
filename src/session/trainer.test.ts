import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import { generate as makeDataset } from '@/data/generate';
import { recordEdit } from '@/experiment/changes';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { TestSet } from './evaluate';
import type { Checkpoint } from './protocol';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const points = experimentFor(
  { kind: 'moons', samples: 200, noise: 0.1, testShare: 0.4, validationShare: 0 },
  3,
);
const images: Experiment = {
  ...experimentFor({ kind: 'digits', samples: 200, noise: 0.3, testShare: 0.5, validationShare: 0 }, 5),
  batchSize: 16,
};

function withBits(experiment: Experiment, bits: Bits): Experiment {
  return {
    ...experiment,
    input: { ...experiment.input, bits },
    layers: experiment.layers.map((spec) =>
      'weights' in spec
        ? { ...spec, weights: { ...spec.weights, bits }, activations: { ...spec.activations, bits } }
        : spec,
    ),
  };
}

const trainerOf = (experiment: Experiment) => {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  return new Trainer(experiment, makeDataset(experiment.dataset, experiment.seed));
};

async function trained(experiment: Experiment, steps: number): Promise<Trainer> {
  const trainer = trainerOf(experiment);
  const stepper = new Stepper(trainer, () => experiment.changes, true);
  expect(await stepper.burst(Number.POSITIVE_INFINITY, steps)).toBeUndefined();
  return trainer;
}

/** The state at a step, and the trainer gone. */
async function stateAfter(experiment: Experiment, steps: number): Promise<Checkpoint> {
  const trainer = await trained(experiment, steps);
  const checkpoint = await trainer.checkpoint();
  trainer.dispose();
  return checkpoint;
}

const parametersOf = ({ tensors }: Checkpoint, twin: 'float' | 'qat') =>
  Object.entries(tensors)
    .filter(([name]) => name.startsWith(`${twin}/`) && !name.includes('observer'))
    .map(([name, values]) => [name.slice(twin.length), values] as const);

describe.each([
  ['points', points],
  ['images', images],
])('on %s', (_name, experiment) => {
  test('at 32 bits everywhere the QAT network is the float twin, bit for bit', async () => {
    const state = await stateAfter(withBits(experiment, 32), 12);
    expect(parametersOf(state, 'qat')).toEqual(parametersOf(state, 'float'));
  });

  test('the same seed gives the same numbers, another seed others', async () => {
    const first = await stateAfter(experiment, 8);
    expect(await stateAfter(experiment, 8)).toEqual(first);
    expect((await stateAfter({ ...experiment, seed: 99 }, 8)).tensors).not.toEqual(first.tensors);
  });

  test('the float twin does not depend on the bits', async () => {
    const four = await stateAfter(withBits(experiment, 4), 8);
    const two = await stateAfter(withBits(experiment, 2), 8);
    expect(parametersOf(four, 'float')).toEqual(parametersOf(two, 'float'));
    expect(parametersOf(four, 'qat')).not.toEqual(parametersOf(two, 'qat'));
  });

  test('an edit made by hand and the same entry in the experiment give the same run', async () => {
    const layer = experiment.layers[0]!.kind === 'conv2d' ? 'conv1' : 'dense1';
    const edits = [
      { kind: 'bits', layer, site: 'weights', bits: 2 },
      { kind: 'bits', layer: 'input', site: 'activations', bits: 3 },
      { kind: 'learningRate', value: 0.01 },
    ] as const;
    const byHand = await trained(experiment, 5);
    for (const edit of edits) await byHand.edit(edit);
    await new Stepper(byHand, () => [], true).burst(Number.POSITIVE_INFINITY, 9);
    const recorded = edits.reduce((e, edit) => recordEdit(e, edit, 5), experiment);
    expect(await stateAfter(recorded, 9)).toEqual(await byHand.checkpoint());
    byHand.dispose();
  });

  test('a run that goes on from a checkpoint equals one that was never interrupted', async () => {
    const layer = experiment.layers[0]!.kind === 'conv2d' ? 'conv1' : 'dense1';
    const changed = recordEdit(experiment, { kind: 'bits', layer, site: 'weights', bits: 3 }, 4);
    const half = await stateAfter(changed, 6);
    const resumed = trainerOf(changed);
    await resumed.restore(changed, half);
    await new Stepper(resumed, () => changed.changes, true).burst(Number.POSITIVE_INFINITY, 12);
    expect(await resumed.checkpoint()).toEqual(await stateAfter(changed, 12));
    resumed.dispose();
  });

  test('steps, evaluations and edits leave no tensors behind', async () => {
    const before = tf.memory().numTensors;
    // By then, a step may have been recorded.
    const trainer = await trained(experiment, 6);
    const set = new TestSet(trainer);
    const during = tf.memory().numTensors;
    await new Stepper(trainer, () => [], true).burst(Number.POSITIVE_INFINITY, 12);
    trainer.calibrate();
    for (const name of ['float', 'ptq', 'qat'] as const) await set.evaluate(name);
    await trainer.edit({ kind: 'bits', layer: 'input', site: 'activations', bits: 2 });
    expect(tf.memory().numTensors).toBe(during);
    set.dispose();
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('PTQ at 32 bits scores exactly as the float twin, at 1 bit it does not', async () => {
  const trainer = await trained(withBits(points, 32), 150);
  const set = new TestSet(trainer);
  trainer.calibrate();
  const float = await set.evaluate('float');
  expect(await set.evaluate('ptq')).toEqual(float);
  for (const layer of ['dense1', 'dense2', 'dense3', 'dense4'])
    await trainer.edit({ kind: 'bits', layer, site: 'weights', bits: 1 });
  expect((await set.evaluate('ptq')).loss).toBeGreaterThan(float.loss);
  expect(await set.evaluate('float')).toEqual(float);
  set.dispose();
  trainer.dispose();
});

test('cpu and wasm train the same network to the same accuracy within a point', async () => {
  const experiment = { ...points, layers: networkPresets.smallMlp.layers };
  const accuracies: number[] = [];
  for (const backend of ['cpu', 'wasm'] as const) {
    await startBackend(backend);
    const trainer = await trained(experiment, 60);
    const set = new TestSet(trainer);
    accuracies.push((await set.evaluate('qat')).accuracy);
    set.dispose();
    trainer.dispose();
  }
  expect(Math.abs(accuracies[0]! - accuracies[1]!)).toBeLessThanOrEqual(0.0126);
});

test('a checkpoint of another network is refused', async () => {
  await startBackend('wasm');
  const trainer = trainerOf(points);
  const other = await stateAfter(images, 1);
  await expect(trainer.restore(points, other)).rejects.toThrow('another network');
  trainer.dispose();
});
