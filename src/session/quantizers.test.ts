/** Every quantizer in a whole run: it learns, goes on from a checkpoint, replays, and may be changed in mid-run. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import {
  type ActivationQuantizerKind,
  type ActivationSite,
  activationQuantizers,
  estimators,
  type WeightSite,
  weightQuantizers,
} from '@/catalog/quantizers';
import { generate } from '@/data/generate';
import { recordEdit } from '@/experiment/changes';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';
import { learnedWidths } from '@/experiment/size';
import { startBackend } from '@/kernels/testing/node';
import { TestSet } from './evaluate';
import { inspect } from './inspect';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const moons: Experiment = {
  ...experimentFor({ kind: 'moons', samples: 600, noise: 0.1, testShare: 0.5, validationShare: 0 }, 3),
  layers: networkPresets.smallMlp.layers,
};

/** The same settings at every site; the logits stay accumulators. */
function withSites(
  bits: Bits,
  weights: Partial<WeightSite>,
  activations: Partial<ActivationSite> = {},
  experiment = moons,
): Experiment {
  const last = experiment.layers.length - 1;
  return {
    ...experiment,
    input: { ...experiment.input, bits, ...activations },
    layers: experiment.layers.map((spec, index) =>
      'weights' in spec
        ? {
            ...spec,
            weights: { ...spec.weights, bits, ...weights },
            activations: { ...spec.activations, ...activations, bits: index === last ? 32 : bits },
          }
        : spec,
    ),
  };
}

const trainerOf = (experiment: Experiment) => {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  return new Trainer(experiment, generate(experiment.dataset, experiment.seed));
};

async function trainOn(trainer: Trainer, experiment: Experiment, steps: number): Promise<Trainer> {
  const stepper = new Stepper(trainer, () => experiment.changes, true);
  expect(await stepper.burst(Number.POSITIVE_INFINITY, steps)).toBeUndefined();
  return trainer;
}
const trained = (experiment: Experiment, steps: number) => trainOn(trainerOf(experiment), experiment, steps);

async function accuracy(trainer: Trainer, name: 'float' | 'ptq' | 'qat' = 'qat'): Promise<number> {
  const set = new TestSet(trainer);
  const score = await set.evaluate(name);
  set.dispose();
  return score.accuracy;
}

async function stateAfter(experiment: Experiment, steps: number) {
  const trainer = await trained(experiment, steps);
  const checkpoint = await trainer.checkpoint();
  trainer.dispose();
  return checkpoint;
}

/** The kinds whose grid is of integers; those of float formats have tests of their own. */
const integerKinds = <K extends string>(registry: Record<K, { deploysTo: string }>): K[] =>
  (Object.keys(registry) as K[]).filter((kind) => registry[kind].deploysTo !== 'simulation only');

/** PACT and DoReFa clip what is below 0, so that the signed input has another quantizer. */
const forPositive: ReadonlySet<ActivationQuantizerKind> = new Set(['pact', 'dorefa']);
const withActivations = (bits: Bits, quantizer: ActivationQuantizerKind): Experiment => {
  const experiment = withSites(bits, {}, { quantizer });
  return forPositive.has(quantizer) ? { ...experiment, input: { ...moons.input, bits } } : experiment;
};

const cases: [string, Experiment][] = [
  ...integerKinds(weightQuantizers).flatMap((quantizer): [string, Experiment][] => [
    [`weights ${quantizer}`, withSites(8, { quantizer })],
    [`weights ${quantizer}, per tensor`, withSites(8, { quantizer, granularity: 'tensor' })],
  ]),
  ...integerKinds(activationQuantizers).map((quantizer): [string, Experiment] => [
    `activations ${quantizer}`,
    withActivations(8, quantizer),
  ]),
  ...(['ewgs', 'soft'] as const).map((estimator): [string, Experiment] => [
    `estimator ${estimator}`,
    withSites(8, { estimator }, { estimator }),
  ]),
  ['scales per group', withSites(8, { granularity: 'group16' })],
  [
    'scales per group, clipped, rounded by chance',
    withSites(8, { quantizer: 'mse', granularity: 'group16', rounding: 'stochastic', estimator: 'ewgs' }),
  ],
  ['stochastic rounding', withSites(8, { rounding: 'stochastic' }, { rounding: 'stochastic' })],
  ['the full range', withSites(8, { range: 'full' })],
];

describe.each(cases)('%s at 8 bits', (_name, experiment) => {
  test('two moons are learnt above 95 %', async () => {
    const trainer = await trained(experiment, 600);
    expect(await accuracy(trainer)).toBeGreaterThan(0.95);
    trainer.dispose();
  });

  test('a run that goes on from a checkpoint equals one that was never interrupted', async () => {
    const whole = await stateAfter(experiment, 20);
    const half = await stateAfter(experiment, 9);
    const resumed = trainerOf(experiment);
    await resumed.restore(experiment, half);
    await trainOn(resumed, experiment, 20);
    expect(await resumed.checkpoint()).toEqual(whole);
    resumed.dispose();
  });

  test('nothing is left behind', async () => {
    const before = tf.memory().numTensors;
    // By then, a step may have been recorded.
    const trainer = await trained(experiment, 6);
    const during = tf.memory().numTensors;
    await trainOn(trainer, experiment, 10);
    await trainer.calibrate();
    await accuracy(trainer, 'ptq');
    expect(tf.memory().numTensors).toBe(during);
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a learned width', () => {
  /** Widths of the layers after some steps, and the accuracy with them. */
  async function widthsAfter(steps: number, weights: Partial<WeightSite>, bits: Bits = 8) {
    const experiment = withSites(bits, { quantizer: 'learnedBits', ...weights }, { bits: 8 });
    const trainer = await trained(experiment, steps);
    const widths = Object.values(learnedWidths((await inspect(trainer, undefined)).layers));
    const result = { widths, accuracy: await accuracy(trainer) };
    trainer.dispose();
    return result;
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test('starts at the bits chosen, falls where a bit is not worth its penalty, and the network still learns', async () => {
    for (const width of (await widthsAfter(1, {})).widths) expect(width).toBeGreaterThan(7.98);
    const light = await widthsAfter(1500, { penalty: 'light' });
    const strong = await widthsAfter(1500, { penalty: 'strong' });
    expect(mean(strong.widths)).toBeLessThan(mean(light.widths));
    expect(mean(light.widths)).toBeLessThan(7);
    for (const { widths, accuracy: share } of [light, strong]) {
      for (const width of widths) {
        expect(width).toBeGreaterThanOrEqual(2);
        expect(width).toBeLessThanOrEqual(8);
      }
      expect(share).toBeGreaterThan(0.93);
    }
  });
  test('never exceeds the bits chosen', async () => {
    const { widths } = await widthsAfter(300, { penalty: 'light' }, 3);
    for (const width of widths) expect(width).toBeLessThanOrEqual(3);
  });
  test('rests at 32 bits', async () => {
    expect((await widthsAfter(50, { bits: 32 })).widths).toEqual([]);
  });
});

const choose = (site: 'weights' | 'activations', layer: string, setting: string, value: string): Edit => ({
  kind: 'quantizer',
  layer,
  site,
  setting,
  value,
});

describe('a change of quantizer in mid-run', () => {
  const start = withSites(4, {});
  const edits: Edit[] = [
    choose('weights', 'dense1', 'quantizer', 'lsq'),
    choose('weights', 'dense2', 'quantizer', 'dorefa'),
    choose('activations', 'dense1', 'quantizer', 'lsqplus'),
    choose('activations', 'dense2', 'quantizer', 'pact'),
    choose('activations', 'input', 'quantizer', 'mse'),
    choose('weights', 'dense2', 'granularity', 'tensor'),
    choose('weights', 'dense3', 'rounding', 'stochastic'),
    { kind: 'bits', layer: 'dense1', site: 'weights', bits: 3 },
    { kind: 'bits', layer: 'dense1', site: 'activations', bits: 3 },
    { kind: 'learningRate', value: 0.002 },
  ];

  test('made by hand, recorded and replayed, or after a checkpoint, it gives the same run', async () => {
    const byHand = await trained(start, 12);
    for (const edit of edits) await byHand.edit(edit);
    const atEdit = await byHand.checkpoint();
    await trainOn(byHand, start, 24);
    const expected = await byHand.checkpoint();
    byHand.dispose();
    const recorded = edits.reduce((experiment, edit) => recordEdit(experiment, edit, 12), start);
    expect(await stateAfter(recorded, 24)).toEqual(expected);
    for (const checkpoint of [atEdit, await stateAfter(recorded, 17)]) {
      const resumed = trainerOf(recorded);
      await resumed.restore(recorded, checkpoint);
      await trainOn(resumed, recorded, 24);
      expect(await resumed.checkpoint()).toEqual(expected);
      resumed.dispose();
    }
  });

  test('what is tried in between at the same step leaves no trace', async () => {
    const tried = await trained(start, 10);
    const tries: Edit[] = [
      choose('activations', 'dense1', 'quantizer', 'percentile'),
      choose('weights', 'dense1', 'quantizer', 'twn'),
      choose('activations', 'dense2', 'quantizer', 'lsq'),
      choose('weights', 'dense1', 'quantizer', 'lsq'),
      choose('activations', 'dense1', 'quantizer', 'ema'),
      choose('weights', 'dense1', 'granularity', 'tensor'),
      choose('weights', 'dense1', 'granularity', 'channel'),
    ];
    for (const edit of tries) await tried.edit(edit);
    await trainOn(tried, start, 15);
    const recorded = tries.reduce((experiment, edit) => recordEdit(experiment, edit, 10), start);
    expect(recorded.changes).toHaveLength(4);
    expect(await tried.checkpoint()).toEqual(await stateAfter(recorded, 15));
    tried.dispose();
  });

  test('the accuracy bends and does not break, whatever is chosen', async () => {
    const first = await trained(withSites(8, {}), 500);
    const before = await accuracy(first);
    const checkpoint = await first.checkpoint();
    first.dispose();
    const kinds: Edit[] = [
      ...['mse', 'percentile', 'pow2', 'lsq'].map((value) => choose('weights', 'dense2', 'quantizer', value)),
      ...['percentile', 'mse', 'lsq', 'lsqplus', 'pact'].map((value) =>
        choose('activations', 'dense2', 'quantizer', value),
      ),
      ...['lsq', 'lsqplus', 'mse'].map((value) => choose('activations', 'input', 'quantizer', value)),
    ];
    for (const edit of kinds) {
      const trainer = trainerOf(withSites(8, {}));
      await trainer.restore(withSites(8, {}), checkpoint);
      await trainer.edit(edit);
      expect(await accuracy(trainer), JSON.stringify(edit)).toBeGreaterThan(before - 0.03);
      trainer.dispose();
    }
  });

  test('steps, evaluations and edits leave no tensors behind', async () => {
    const before = tf.memory().numTensors;
    const trainer = await trained(start, 2);
    for (const edit of edits) await trainer.edit(edit);
    await trainOn(trainer, start, 4);
    for (const layer of ['dense1', 'dense2']) {
      await trainer.edit(choose('weights', layer, 'quantizer', 'absmax'));
      await trainer.edit(choose('activations', layer, 'quantizer', 'ema'));
    }
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('gradient estimators', () => {
  test.each(Object.keys(estimators) as (keyof typeof estimators)[])('%s is followed', async (estimator) => {
    const experiment = withSites(4, { estimator });
    const [start, end] = [await stateAfter(experiment, 0), await stateAfter(experiment, 30)];
    const moved = start.tensors['qat/dense2/weights']!.some(
      (value, i) => value !== end.tensors['qat/dense2/weights']![i],
    );
    expect(moved).toBe(estimator !== 'none');
    expect(start.tensors['qat/dense2/biases']).not.toEqual(end.tensors['qat/dense2/biases']);
  });
});

test('learned steps and clips move and stay positive', async () => {
  const experiment = withSites(4, { quantizer: 'lsq' }, { quantizer: 'lsqplus' });
  const [start, end] = [await stateAfter(experiment, 0), await stateAfter(experiment, 200)];
  const names = Object.keys(end.tensors).filter((name) =>
    /^quantizers\/[a-z0-9]+\/(weights|activations)$/.test(name),
  );
  expect(names).toHaveLength(7);
  for (const name of names.filter((each) => !each.includes('dense3/activations'))) {
    expect(end.tensors[name], name).not.toEqual(start.tensors[name]);
    expect(end.tensors[name]![0], name).toBeGreaterThan(0);
  }
});

test('stochastic rounding depends on the seed, and evaluation on neither seed nor chance', async () => {
  const experiment = withSites(3, { rounding: 'stochastic' });
  const first = await stateAfter(experiment, 12);
  expect(await stateAfter(experiment, 12)).toEqual(first);
  expect((await stateAfter(withSites(3, {}), 12)).tensors).not.toEqual(first.tensors);
  const trainer = await trained(experiment, 12);
  expect(await accuracy(trainer)).toBe(await accuracy(trainer));
  trainer.dispose();
});
