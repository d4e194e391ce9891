import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { generate } from '@/data/generate';
import { decodeLink } from '@/experiment/link';
import type { Edit, Experiment } from '@/experiment/schema';
import { advanceClock } from '@/kernels/quantizeByRule';
import { startBackend } from '@/kernels/testing/backends';
import { RecordedStep } from './recorded';
import { Trainer } from './trainer';

beforeAll(() => startBackend('webgpu'));

const points = 'v=1&seed=1&data=moons;n=200;noise=0.2;test=0.5';
const images = 'v=1&seed=1&data=digits;n=200;noise=0.5;test=0.5';
const links = {
  'learned steps, SGD': `${points}&input=a8&net=dense;8;tanh;w4,lsq;a4,lsq_dense;linear;w4,lsq;a32&opt=sgd;lr=0.05;momentum=0.9&batch=20`,
  'stochastic rounding': `${points}&input=a8&net=dense;8;w3,sr;a3,pact,sr_dense;linear;w8;a32&opt=adam;lr=0.01&batch=20`,
  'float formats': `${points}&input=a8&net=dense;8;w8,e4m3;a8,e4m3_dense;linear;w4,mxfp4;a32&opt=adam;lr=0.01&batch=20`,
  convolutions: `${images}&input=a8&net=conv;3;k3;w4;a4_pool;2_conv;5;k3;s2;same;w4;a4_dense;linear;w4;a32&opt=adam;lr=0.01&batch=10`,
};

function experimentOf(link: string): Experiment {
  const decoded = decodeLink(link);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.experiment;
}
function trainerOf(link: string, record: boolean): Trainer {
  const experiment = experimentOf(link);
  return new Trainer(experiment, generate(experiment.dataset as never, experiment.seed), record);
}

const trainers: Trainer[] = [];
afterEach(() => {
  for (const trainer of trainers.splice(0)) trainer.dispose();
});

/** Takes steps with edits before some of them, and gives the losses of both twins. */
async function run(trainer: Trainer, steps: number, edits: Record<number, Edit> = {}): Promise<number[]> {
  if (!trainers.includes(trainer)) trainers.push(trainer);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const edit = edits[i];
    if (edit) await trainer.edit(edit);
    const batch = trainer.nextBatch();
    for (const twin of ['float', 'qat'] as const) {
      const loss = trainer.train(twin, batch);
      losses.push((await loss.data())[0]!);
      loss.dispose();
      await trainer.verdict(twin);
    }
    tf.dispose([batch.x, batch.y]);
    trainer.advance();
  }
  return losses;
}

test.each(Object.entries(links))('%s: replayed steps equal eager ones to the last bit', async (_, link) => {
  const edits: Record<number, Edit> = {
    5: { kind: 'bits', layer: 'input', site: 'activations', bits: 3 },
    7: { kind: 'learningRate', value: 0.003 },
    8: { kind: 'quantizer', layer: 'input', site: 'activations', setting: 'quantizer', value: 'mse' },
  };
  const eager = trainerOf(link, false);
  const recorded = trainerOf(link, true);
  const expected = await run(eager, 12, edits);
  expect(await run(recorded, 12, edits)).toEqual(expected);
  expect(await recorded.checkpoint()).toEqual(await eager.checkpoint());
  expect(eager.stepMode('qat').mode).toBe('eager');
  for (const twin of ['float', 'qat'] as const) expect(recorded.stepMode(twin)).toEqual({ mode: 'recorded' });
});

/** Dispatches of one step of the QAT network. */
async function dispatchesOf(trainer: Trainer): Promise<number> {
  const { prototype } = GPUComputePassEncoder;
  const { dispatchWorkgroups } = prototype;
  let count = 0;
  prototype.dispatchWorkgroups = function (...sizes) {
    count++;
    return dispatchWorkgroups.apply(this, sizes);
  };
  const batch = trainer.nextBatch();
  try {
    trainer.train('qat', batch).dispose();
  } finally {
    prototype.dispatchWorkgroups = dispatchWorkgroups;
    tf.dispose([batch.x, batch.y]);
  }
  return count;
}

test('a replayed step takes little more than half of the dispatches', async () => {
  const eager = trainerOf(links.convolutions, false);
  const recorded = trainerOf(links.convolutions, true);
  for (const trainer of [eager, recorded]) await run(trainer, 4);
  expect(recorded.stepMode('qat')).toEqual({ mode: 'recorded' });
  const [before, after] = [await dispatchesOf(eager), await dispatchesOf(recorded)];
  expect(after).toBeLessThan(0.65 * before);
});

test('evaluations between replayed steps change nothing', async () => {
  const plain = trainerOf(links['stochastic rounding'], true);
  const watched = trainerOf(links['stochastic rounding'], true);
  const expected = await run(plain, 10);
  const losses = await run(watched, 5);
  watched.calibrate();
  const logits = tf.tidy(() => watched.logits('ptq', tf.ones([3, 2])));
  await logits.data();
  logits.dispose();
  expect([...losses, ...(await run(watched, 5))]).toEqual(expected);
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
  const take = async (length = 2) => {
    const batch = { x: tf.ones([length]), y: tf.tensor1d([0], 'int32') };
    step.take(batch, () => true).dispose();
    await step.verdict;
    tf.dispose([batch.x, batch.y]);
    return (await w.data())[0];
  };
  return { step, take, w };
}

async function valuesOf(take: () => Promise<number | undefined>, count: number) {
  const values = [];
  for (let i = 0; i < count; i++) values.push(await take());
  return values;
}

test('variables that the step gives new data are followed', async () => {
  const { step, take, w } = stepWith(() => 1);
  expect(await valuesOf(take, 8)).toEqual([0, -1, -2, -3, -4, -5, -6, -7]);
  expect(step.mode).toBe('recorded');
  w.assign(tf.tensor1d([100, 100]));
  expect(await valuesOf(take, 2)).toEqual([99, 98]);
  expect(step.mode).toBe('recorded');
  step.forget();
  w.dispose();
});

test('a batch of another shape is recorded anew', async () => {
  const { step, take, w } = stepWith(() => 1);
  await valuesOf(take, 6);
  expect(step.mode).toBe('recorded');
  // The gradient of a scalar's broadcast is the same.
  expect(await take(1)).toBe(-6);
  expect(step.mode).toBe('eager');
  await take(1);
  expect(step.mode).toBe('recorded');
  step.forget();
  w.dispose();
});

test('a step that differs from what was recorded stays eager, and says where', async () => {
  let calls = 0;
  const { step, take, w } = stepWith(() => ++calls);
  expect(await valuesOf(take, 6)).toEqual([0, -2, -5, -9, -14, -20]);
  expect(step.mode).toBe('refused');
  expect(step.reason).toContain(w.name);
  w.dispose();
});

test('a step that differs with joined launches is tried once more launch by launch', async () => {
  const clocks = [tf.variable(tf.zeros([1]), false), tf.variable(tf.zeros([1]), false)];
  let calls = 0;
  // Two launches that would run as one, and a number that is another at every step.
  const { step, take, w } = stepWith(() => {
    for (const clock of clocks) advanceClock(clock);
    return ++calls;
  });
  const modes = [];
  for (let i = 0; i < 8; i++) {
    await take();
    modes.push(step.mode);
  }
  // Recorded in the third step, found to differ in the fourth; then in the fifth and sixth.
  expect(modes).toEqual([...Array(5).fill('eager'), ...Array(3).fill('refused')]);
  expect((await clocks[1]!.data())[0]).toBe(8);
  tf.dispose([w, ...clocks]);
});

test('a step that reads a tensor is not recorded, and is taken all the same', async () => {
  let reads = 0;
  const { step, take, w } = stepWith((gradient) => {
    if (++reads === 3) gradient.dataSync();
    return 1;
  });
  expect(await valuesOf(take, 5)).toEqual([0, -1, -2, -3, -4]);
  expect(step.mode).toBe('refused');
  expect(step.reason).toMatch(/is read/);
  w.dispose();
});

test('hundreds of replays and recording anew again and again leave nothing behind', async () => {
  const { step, take, w } = stepWith(() => 1);
  const gpu = tf.backend() as unknown as { memory(): { numBytesAllocatedInGPU: number } };
  const state = () => {
    const { numTensors, numDataBuffers } = tf.memory();
    return { numTensors, numDataBuffers, bytes: gpu.memory().numBytesAllocatedInGPU };
  };
  const recordAnew = async (length: number) => {
    await valuesOf(() => take(length), 3);
    expect(step.mode).toBe('recorded');
  };
  await valuesOf(take, 3);
  for (const length of [1, 2, 1, 2]) await recordAnew(length);
  const before = state();
  for (let i = 0; i < 40; i++) await recordAnew(1 + (i % 2));
  await valuesOf(take, 300);
  expect(state()).toEqual(before);
  step.forget();
  w.dispose();
});
