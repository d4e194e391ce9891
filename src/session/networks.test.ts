/** Every preset trains: the loss falls, PTQ and QAT have answers, and a checkpoint goes on digit for digit. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DatasetSpec, datasetKinds } from '@/catalog/datasets';
import { generate } from '@/data/generate';
import { experimentFor, type NetworkPresetName, networkPresets, presetsFor } from '@/experiment/presets';
import { type Experiment, experimentSchema } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { range, rowsOf } from './batches';
import { TestSet } from './evaluate';
import { inspect } from './inspect';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const digits: DatasetSpec = { ...datasetKinds.digits.defaults, samples: 260, testShare: 0.2 };
const addition: DatasetSpec = { ...datasetKinds.addition.defaults, samples: 400, testShare: 0.2 };
const dataFor = (name: NetworkPresetName): DatasetSpec =>
  presetsFor(digits).includes(name) ? digits : addition;

function trainerOf(name: NetworkPresetName): Trainer {
  const dataset = dataFor(name);
  const experiment: Experiment = {
    ...experimentFor(dataset, 7),
    layers: networkPresets[name].layers,
    batchSize: 32,
  };
  expect(experimentSchema.safeParse(experiment).error?.issues).toBeUndefined();
  if (dataset.kind === 'own') throw new Error('generated data only');
  return new Trainer(experiment, generate(dataset, 7));
}

function step(trainer: Trainer): Record<'float' | 'qat', number> {
  const batch = trainer.nextBatch();
  const loss = (twin: 'float' | 'qat') => {
    const value = trainer.train(twin, batch);
    const [number = Number.NaN] = value.dataSync();
    value.dispose();
    return number;
  };
  const losses = { float: loss('float'), qat: loss('qat') };
  batch.x.dispose();
  batch.y.dispose();
  trainer.advance();
  return losses;
}

describe.each(Object.keys(networkPresets) as NetworkPresetName[])('%s', (name) => {
  test('both twins learn, and go on from a checkpoint digit for digit', async () => {
    const trainer = trainerOf(name);
    const first = step(trainer);
    for (let i = 0; i < 24; i++) step(trainer);
    const checkpoint = await trainer.checkpoint();
    const last = [step(trainer), step(trainer)];
    for (const twin of ['float', 'qat'] as const) expect(last[1]![twin]).toBeLessThan(first[twin]);
    await trainer.restore(trainer.present, checkpoint);
    expect([step(trainer), step(trainer)]).toEqual(last);
    await trainer.calibrate();
    const set = new TestSet(trainer);
    for (const network of ['float', 'qat', 'ptq'] as const)
      expect((await set.evaluate(network)).loss).toBeGreaterThan(0);
    // Someone who looks in keeps everything; alone, the pass lets go of what it has used, and of all in the end.
    const { test: part, inputShape } = trainer.dataset;
    const { x, y } = rowsOf(part, inputShape, range(0, 8));
    for (const network of ['float', 'qat', 'ptq'] as const) {
      const tensors = tf.memory().numTensors;
      const [alone, watched] = [undefined, () => {}].map((tap) =>
        tf.tidy(() => Array.from(trainer.logits(network, x, tap).dataSync())),
      );
      expect(alone).toEqual(watched);
      expect(tf.memory().numTensors).toBe(tensors);
    }
    tf.dispose([x, y]);
    const { layers } = await inspect(trainer, undefined);
    for (const { sites } of layers)
      for (const summary of Object.values(sites)) expect(summary?.sqnrDb).not.toBeNaN();
    set.dispose();
    trainer.dispose();
  });
});
