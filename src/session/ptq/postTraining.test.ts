import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import { generate as makeDataset } from '@/data/generate';
import { recordEdit, timelineOf } from '@/experiment/changes';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { PtqSettings } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { range, rowsOf } from '../batches';
import { distilled } from '../distill';
import { TestSet } from '../evaluate';
import { Stepper } from '../stepper';
import { Trainer } from '../trainer';

beforeAll(() => startBackend('wasm'));

const digits = experimentFor(
  { kind: 'digits', samples: 500, noise: 0.3, testShare: 0.4, validationShare: 0 },
  5,
);
const depthwise: Experiment = { ...digits, batchSize: 32, layers: networkPresets.depthwise.layers };
const withBits = (experiment: Experiment, weights: Bits, activations: Bits): Experiment => ({
  ...experiment,
  layers: experiment.layers.map((spec, index) =>
    'weights' in spec
      ? {
          ...spec,
          weights: { ...spec.weights, bits: weights },
          activations: {
            ...spec.activations,
            bits: index === experiment.layers.length - 1 ? 32 : activations,
          },
        }
      : 'activations' in spec
        ? { ...spec, activations: { ...spec.activations, bits: activations } }
        : spec,
  ) as Experiment['layers'],
});

async function trained(experiment: Experiment, steps: number): Promise<Trainer> {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  const trainer = new Trainer(experiment, makeDataset(experiment.dataset, experiment.seed));
  const stepper = new Stepper(trainer, () => timelineOf(experiment), true);
  expect(await stepper.burst(Number.POSITIVE_INFINITY, steps)).toBeUndefined();
  return trainer;
}
const logitsOf = (trainer: Trainer, name: 'float' | 'ptq' | 'qat') => {
  const batch = rowsOf(trainer.dataset.test, trainer.dataset.inputShape, range(0, 40));
  const values = tf.tidy(() => trainer.logits(name, batch.x).dataSync().slice());
  tf.dispose([batch.x, batch.y]);
  return values;
};
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a, (v, i) => (v - b[i]!) ** 2).reduce((x, y) => x + y, 0));
const size = (a: ArrayLike<number>) => distance(a, new Float32Array(a.length));

const ptq = (settings: Partial<PtqSettings>): PtqSettings => ({ samples: 256, method: 'own', ...settings });

describe('at 32 bits what prepares PTQ leaves the float function as it is', () => {
  test.each<[string, Experiment]>([
    ['CNN', { ...digits, ptq: ptq({ equalise: true, correct: true }) }],
    ['depthwise CNN with batch norm', { ...depthwise, ptq: ptq({ equalise: true }) }],
    ['depthwise CNN, biases corrected', { ...depthwise, ptq: ptq({ correct: true }) }],
  ])('%s', async (_, experiment) => {
    const float = { ...withBits(experiment, 32, 32), input: { ...experiment.input, bits: 32 as Bits } };
    const trainer = await trained(float, 12);
    await trainer.calibrate(true);
    const [wanted, found] = [logitsOf(trainer, 'float'), logitsOf(trainer, 'ptq')];
    expect(distance(wanted, found)).toBeLessThan(2e-3 * size(wanted));
    trainer.dispose();
  });
});

test('what is done to round better rounds better: logits closer to those of the float twin', async () => {
  const base = withBits(digits, 3, 8);
  const trainer = await trained(base, 150);
  const errors = new Map<string, number>();
  const before = tf.memory().numTensors;
  for (const [name, settings] of [
    ['nearest', ptq({})],
    ['adaround', ptq({ round: true })],
    ['both', ptq({ round: true, correct: true })],
    ['mse', ptq({ method: 'mse' })],
    ['kl', ptq({ method: 'kl', methods: { input: 'percentile' } })],
  ] as const) {
    const again = new Trainer({ ...base, ptq: settings }, trainer.dataset);
    await again.restore({ ...base, ptq: settings }, await trainer.checkpoint());
    await again.calibrate(true);
    errors.set(name, distance(logitsOf(again, 'float'), logitsOf(again, 'ptq')));
    again.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
  const at = (name: string) => errors.get(name)!;
  expect(at('adaround')).toBeLessThan(0.8 * at('nearest'));
  expect(at('both')).toBeLessThan(at('nearest'));
  expect(at('mse')).not.toBe(at('nearest'));
  expect(at('kl')).not.toBe(at('nearest'));
  trainer.dispose();
});

describe('hybrid', () => {
  const plan: Experiment['plan'] = [{ kind: 'hybrid', until: 20, train: 30 }];
  const experiment: Experiment = { ...withBits(digits, 4, 4), batchSize: 32, plan };

  test('until it is rounded the QAT network is the float twin; then PTQ’s result, which stays still; then it trains', async () => {
    const trainer = await trained(experiment, 20);
    expect(logitsOf(trainer, 'qat')).toEqual(logitsOf(trainer, 'float'));
    trainer.dispose();

    const later = await trained(experiment, 21);
    const held = logitsOf(later, 'qat');
    expect(held).not.toEqual(logitsOf(later, 'float'));
    const stepper = new Stepper(later, () => timelineOf(experiment), true);
    await stepper.burst(Number.POSITIVE_INFINITY, 30);
    expect(logitsOf(later, 'qat')).toEqual(held);
    await stepper.burst(Number.POSITIVE_INFINITY, 35);
    expect(logitsOf(later, 'qat')).not.toEqual(held);
    expect(later.stepMode('qat').mode).not.toBe('refused');
    later.dispose();
  });

  test('what QAT starts from is PTQ', async () => {
    const asked = { ...withBits(digits, 4, 4), ptq: ptq({ equalise: true, correct: true }) };
    const trainer = await trained(asked, 15);
    await trainer.edit({ kind: 'adopt' });
    expect(distance(logitsOf(trainer, 'qat'), logitsOf(trainer, 'ptq'))).toBeLessThan(
      1e-5 * size(logitsOf(trainer, 'ptq')),
    );
    trainer.dispose();
  });

  test('a layer held still keeps its weights, and the others train', async () => {
    const asked = recordEdit(
      { ...digits, batchSize: 32 },
      { kind: 'hold', layer: 'conv1', value: 'held' },
      3,
    );
    const before = await (await trained(asked, 3)).checkpoint();
    const after = await (await trained(asked, 8)).checkpoint();
    expect(after.tensors['qat/conv1/weights']).toEqual(before.tensors['qat/conv1/weights']);
    expect(after.tensors['qat/observer/conv1/activations']).toEqual(
      before.tensors['qat/observer/conv1/activations'],
    );
    expect(after.tensors['qat/conv2/weights']).not.toEqual(before.tensors['qat/conv2/weights']);
    expect(after.tensors['float/conv1/weights']).not.toEqual(before.tensors['float/conv1/weights']);
  });

  test('frozen observers stay', async () => {
    const asked: Experiment = { ...digits, batchSize: 32, plan: [{ kind: 'observers', step: 4 }] };
    const before = await (await trained(asked, 4)).checkpoint();
    const after = await (await trained(asked, 9)).checkpoint();
    const key = 'qat/observer/conv2/activations';
    expect(after.tensors[key]).toEqual(before.tensors[key]);
  });
});

describe('distillation', () => {
  test('loss and gradient are those of the formula', async () => {
    const [z, t] = [
      [1, -2, 0.5],
      [0.2, 0.4, -1],
    ];
    const T = 3;
    const soft = (v: number[]) => {
      const e = v.map((x) => Math.exp(x / T));
      return e.map((x) => x / e.reduce((a, b) => a + b));
    };
    const [p, q] = [soft(t!), soft(z!)];
    const wanted = 0.7 * 0.25 + 0.3 * T * T * p.reduce((sum, a, i) => sum + a * Math.log(a / q[i]!), 0);
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) =>
      distilled(
        tf.scalar(0.25),
        x as tf.Tensor2D,
        tf.tensor2d([...t!, 9, 9, 9], [2, 3]),
        tf.tensor1d([1, -1], 'int32'),
        { weight: 0.3, temperature: T },
      ),
    )(tf.tensor2d([...z!, 5, 5, 5], [2, 3]));
    expect((await value.data())[0]).toBeCloseTo(wanted, 5);
    // w T (softmax(z / T) - softmax(t / T)), and nothing where nothing is asked.
    const gradient = [...q.map((a, i) => 0.3 * T * (a - p[i]!)), 0, 0, 0];
    for (const [i, g] of (await grad.data()).entries()) expect(g).toBeCloseTo(gradient[i]!, 5);
  });

  test('its steps are recorded and replayed, and teach the QAT network the float twin’s outputs', async () => {
    const asked: Experiment = {
      ...withBits(digits, 4, 4),
      batchSize: 32,
      distillation: { weight: 0.9, temperature: 4 },
    };
    const trainer = await trained(asked, 150);
    expect(trainer.stepMode('qat')).toEqual({ mode: 'recorded' });
    const { distillation: _, ...plain } = asked;
    const without = await trained(plain, 150);
    expect(logitsOf(without, 'float')).toEqual(logitsOf(trainer, 'float'));
    // What distillation minimises, on the test examples.
    const gap = (each: Trainer) =>
      tf.tidy(() => {
        const rows = (name: 'float' | 'qat') =>
          tf.logSoftmax(tf.div(tf.tensor2d(Array.from(logitsOf(each, name)), [40, 10]), 4));
        const teacher = rows('float');
        return tf.mean(tf.mul(tf.exp(teacher), tf.sub(teacher, rows('qat')))).dataSync()[0]!;
      });
    expect(gap(trainer)).toBeLessThan(gap(without));
    trainer.dispose();
    without.dispose();
  });
});

test('PTQ is scored on the test set once it is calibrated', async () => {
  const trainer = await trained({ ...depthwise, ptq: ptq({ reestimate: true }) }, 6);
  await trainer.calibrate();
  const test = new TestSet(trainer);
  expect((await test.evaluate('ptq')).accuracy).toBeGreaterThan(0);
  test.dispose();
  trainer.dispose();
});
