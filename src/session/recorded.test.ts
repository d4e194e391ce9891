import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { generate } from '@/data/generate';
import { decodeLink } from '@/experiment/link';
import type { Edit, Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { RecordedStep } from './recorded';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const points = 'v=1&seed=1&data=moons;n=200;noise=0.2;test=0.5';
const images = 'v=1&seed=1&data=digits;n=200;noise=0.5;test=0.5';
const links = {
  'dense, Adam': `${points}&input=a8&net=dense;8;w4;a4_dense;linear;w8;a32&opt=adam;lr=0.01&batch=20`,
  'dense, learned steps, SGD': `${points}&input=a8&net=dense;8;tanh;w4,lsq;a4,lsq_dense;linear;w4,lsq;a32&opt=sgd;lr=0.05;momentum=0.9&batch=20`,
  'stochastic rounding': `${points}&input=a8&net=dense;8;w3,sr;a3,pact,sr_dense;linear;w8;a32&opt=adam;lr=0.01&batch=20`,
  'DoReFa and TWN': `${points}&input=a8&net=dense;8;w3,dorefa;a3,dorefa_dense;linear;w2,twn;a32&opt=adam;lr=0.01&batch=20`,
  'float formats': `${points}&input=a8&net=dense;8;w8,e4m3;a8,e4m3_dense;linear;w4,mxfp4;a32&opt=adam;lr=0.01&batch=20`,
  convolutions: `${images}&input=a8&net=conv;3;k3;w4;a4_pool;2_conv;5;k3;s2;same;w4;a4_dense;linear;w4;a32&opt=adam;lr=0.01&batch=10`,
};

function experimentOf(link: string): Experiment {
  const decoded = decodeLink(link);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.experiment;
}
function trainerOf(experiment: Experiment, record: boolean): Trainer {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  return new Trainer(experiment, generate(experiment.dataset as never, experiment.seed), record);
}

const trainers: Trainer[] = [];
afterEach(() => {
  for (const trainer of trainers.splice(0)) trainer.dispose();
});

/** Takes steps with edits before some of them, and gives the losses of both twins. */
async function run(trainer: Trainer, steps: number, edits: Record<number, Edit> = {}): Promise<number[]> {
  trainers.push(trainer);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const edit = edits[i];
    if (edit) await trainer.edit(edit);
    const batch = trainer.nextBatch();
    for (const twin of ['float', 'qat'] as const) {
      const loss = trainer.train(twin, batch);
      losses.push(loss.dataSync()[0]!);
      loss.dispose();
    }
    tf.dispose([batch.x, batch.y]);
    trainer.advance();
  }
  return losses;
}

test.each(Object.entries(links))('%s: replayed steps equal eager ones to the last bit', async (_, link) => {
  const experiment = experimentOf(link);
  const edits: Record<number, Edit> = {
    12: { kind: 'bits', layer: 'input', site: 'activations', bits: 3 },
    17: { kind: 'learningRate', value: 0.003 },
    22: { kind: 'quantizer', layer: 'input', site: 'activations', setting: 'quantizer', value: 'mse' },
  };
  const eager = trainerOf(experiment, false);
  const recorded = trainerOf(experiment, true);
  const expected = await run(eager, 30, edits);
  expect(await run(recorded, 30, edits)).toEqual(expected);
  expect(await recorded.checkpoint()).toEqual(await eager.checkpoint());
  expect(eager.stepMode('qat').mode).toBe('eager');
  for (const twin of ['float', 'qat'] as const) expect(recorded.stepMode(twin)).toEqual({ mode: 'recorded' });
});

test('evaluations between replayed steps change nothing', async () => {
  const experiment = experimentOf(links['dense, Adam']);
  const plain = trainerOf(experiment, true);
  const watched = trainerOf(experiment, true);
  const expected = await run(plain, 16);
  const losses = await run(watched, 8);
  await watched.calibrate();
  tf.tidy(() => watched.logits('ptq', tf.ones([3, 2])));
  expect([...losses, ...(await run(watched, 8))]).toEqual(expected);
});

test('recording anew again and again leaves nothing behind', async () => {
  const trainer = trainerOf(experimentOf(links['dense, Adam']), true);
  const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
  await run(trainer, 6);
  trainers.length = 0;
  const [tensors, bytes] = [tf.memory().numTensors, heap()];
  for (let i = 0; i < 60; i++) {
    const value = i % 2 ? 'full' : 'narrow';
    await run(trainer, 4, {
      0: { kind: 'quantizer', layer: 'dense1', site: 'weights', setting: 'range', value },
    });
    trainers.length = 0;
  }
  expect(trainer.stepMode('qat').mode).toBe('recorded');
  expect(tf.memory().numTensors).toBe(tensors);
  expect(heap()).toBe(bytes);
  trainers.push(trainer);
});

/** A step on one variable, w -= factor() * gradient, with what a recording must notice. */
function stepWith(factor: (gradient: tf.Tensor) => number) {
  const w = tf.variable(tf.tensor1d([1, 2]));
  const step = new RecordedStep(
    {
      differentiate: ({ x }) => tf.variableGrads(() => tf.sum(tf.mul(w, x)) as tf.Scalar, [w]),
      update: (grads) => w.assign(tf.sub(w, tf.mul(grads[w.name]!, factor(grads[w.name]!)))),
      end: () => {},
    },
    true,
  );
  const take = () => {
    const batch = { x: tf.tensor1d([1, 1]), y: tf.tensor1d([0], 'int32') };
    step.take(batch, () => true).dispose();
    tf.dispose([batch.x, batch.y]);
    return w.dataSync()[0];
  };
  return { step, take, w };
}

test('a step that differs from what was recorded stays eager, and says where', () => {
  let calls = 0;
  const { step, take, w } = stepWith(() => ++calls);
  const values = Array.from({ length: 6 }, take);
  expect(values).toEqual([0, -2, -5, -9, -14, -20]);
  expect(step.mode).toBe('refused');
  expect(step.reason).toContain(w.name);
});

test('a step that reads a tensor is not recorded, and is taken all the same', () => {
  const { step, take } = stepWith((gradient) => gradient.dataSync()[0]!);
  expect(Array.from({ length: 5 }, take)).toEqual([0, -1, -2, -3, -4]);
  expect(step.mode).toBe('refused');
  expect(step.reason).toMatch(/is read/);
});
