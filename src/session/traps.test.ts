/** Traps: found where they are, mended by their edit, and not cried where there are none. Real runs, and signs by hand. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ActivationSite, WeightSite } from '@/catalog/quantizers';
import { generate } from '@/data/generate';
import { applyEdit, recordEdit } from '@/experiment/changes';
import { defaultExperiment, experimentFor, networkPresets } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { inspect } from './inspect';
import type { LayerSummary, SiteHistory, SiteSummary } from './protocol';
import { outlierOf } from './siteStatistics';
import { Stepper } from './stepper';
import { Trainer } from './trainer';
import { type Trap, trapsOf } from './traps';

beforeAll(() => startBackend('wasm'));

/** Every hidden site with these settings; the logits stay as they are. */
function withSites(
  experiment: Experiment,
  weights: Partial<WeightSite>,
  activations: Partial<ActivationSite> = {},
): Experiment {
  const last = experiment.layers.length - 1;
  return {
    ...experiment,
    layers: experiment.layers.map((spec, index) =>
      'weights' in spec
        ? {
            ...spec,
            weights: { ...spec.weights, ...weights },
            activations: index === last ? spec.activations : { ...spec.activations, ...activations },
          }
        : spec,
    ),
  };
}
const withRate = (experiment: Experiment, learningRate: number): Experiment => ({
  ...experiment,
  optimizer: { ...experiment.optimizer, learningRate },
});
const moons: Experiment = {
  ...experimentFor({ kind: 'moons', samples: 600, noise: 0.1, testShare: 0.5, validationShare: 0 }, 3),
  layers: networkPresets.smallMlp.layers,
};
/** Steps between two looks, about those of a page that looks three times a second. */
const between = 200;

/** Every trap that shows while a run trains, in order. */
async function met(experiment: Experiment, steps: number): Promise<Trap[]> {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  const trainer = new Trainer(experiment, generate(experiment.dataset, experiment.seed));
  const stepper = new Stepper(trainer, () => experiment.changes, true);
  const histories = new Map<string, SiteHistory>();
  const traps = new Map<string, Trap>();
  for (let step = 0; step <= steps; step += between) {
    if (step > 0 && (await stepper.burst(Number.POSITIVE_INFINITY, step))) break;
    const { layers } = await inspect(trainer, undefined);
    for (const { name, sites } of layers)
      for (const [site, summary] of Object.entries(sites)) {
        const key = `${name}/${site}`;
        const { parameters } = summary ?? {};
        if (parameters) histories.set(key, [...(histories.get(key) ?? []), { step, parameters }]);
      }
    const found = trapsOf(trainer.present, experiment.changes, {
      step,
      layers: Object.fromEntries(layers.map((layer) => [layer.name, layer])),
      historyOf: (layer, site) => histories.get(`${layer}/${site}`) ?? [],
    });
    for (const trap of found) if (!traps.has(trap.key)) traps.set(trap.key, trap);
  }
  trainer.dispose();
  return [...traps.values()];
}
const keys = (traps: readonly Trap[]) => traps.map(({ key }) => key);

describe('no trap is cried', { timeout: 120_000 }, () => {
  const lsq = { quantizer: 'lsq' } as const;
  const chosenLate = ['dense1', 'dense2', 'dense3'].reduce<Experiment>(
    (experiment, layer) =>
      recordEdit(
        experiment,
        { kind: 'quantizer', layer, site: 'weights', setting: 'quantizer', value: 'lsq' },
        2000,
      ),
    defaultExperiment,
  );
  const calm: [string, Experiment, number][] = [
    ['in the first experiment', defaultExperiment, 8000],
    ['with another seed', { ...defaultExperiment, seed: 7 }, 5000],
    ['with one scale a layer', withSites(defaultExperiment, { granularity: 'tensor' }), 4000],
    ['in a larger network', { ...defaultExperiment, layers: networkPresets.mlp.layers }, 4000],
    ['with learned steps', withSites(defaultExperiment, lsq, lsq), 4000],
    ['after steps are learned in mid-run', chosenLate, 6000],
    ['on two moons', moons, 4000],
  ];
  test.each(calm)('%s', async (_name, experiment, steps) => {
    expect(keys(await met(experiment, steps))).toEqual([]);
  });
});

/** The run with the first trap's edit made at the start. */
const mended = (experiment: Experiment, traps: readonly Trap[]): Experiment =>
  traps.flatMap(({ mend }) => mend.edits).reduce<Experiment>(applyEdit, experiment);

describe('a trap shows, and its edit mends it', { timeout: 120_000 }, () => {
  test('one-bit outputs of ReLU', async () => {
    const experiment = withSites(moons, {}, { bits: 1 });
    const traps = await met(experiment, 1000);
    expect(keys(traps)).toEqual(
      expect.arrayContaining(['dense1/activations/oneBitOutputs', 'dense2/activations/oneBitOutputs']),
    );
    expect(keys(await met(mended(experiment, traps), 1000))).toEqual([]);
  });

  test('learned steps at a high learning rate', async () => {
    const experiment = withRate(
      withSites(defaultExperiment, { quantizer: 'lsq' }, { quantizer: 'lsq' }),
      0.1,
    );
    const traps = await met(experiment, 3000);
    expect(keys(traps).some((key) => key.endsWith('unsteadyStep'))).toBe(true);
    expect(traps[0]?.mend).toEqual({
      label: 'Learning rate 0.01',
      edits: [{ kind: 'learningRate', value: 0.01 }],
    });
    expect(keys(await met(mended(experiment, traps), 3000))).toEqual([]);
  });

  test('abs-max at two bits over a long run', async () => {
    const experiment = withSites(defaultExperiment, { bits: 2 });
    const traps = await met(experiment, 5000);
    expect(keys(traps)).toContain('dense3/weights/twoBitAbsMax');
    const after = await met(mended(experiment, traps), 5000);
    expect(keys(after).filter((key) => key.includes('/weights/'))).toEqual([]);
  });
});

const quiet: SiteSummary = { sqnrDb: 20, clippedShare: 0, parameters: {}, fullestShare: 0.3, outlier: 1 };
const moments = (steps: number[], values: number[], name: 'high' | 'step'): SiteHistory =>
  steps.map((step, i) => ({ step, parameters: { low: 0, [name]: values[i]! } }));

describe('the signs of a trap', () => {
  /** The traps of the small network at a step, where one site is not quiet. */
  function at(
    step: number,
    sites: LayerSummary['sites'],
    history: SiteHistory = [],
    experiment = moons,
    changes: Experiment['changes'] = [],
  ) {
    return trapsOf(experiment, changes, {
      step,
      layers: { dense2: { name: 'dense2', sites } },
      historyOf: (_layer, site) => (site === 'activations' ? history : []),
    });
  }
  const histogram = { min: -1, max: 1, counts: [] };
  const weights = (outlier: number) => ({ weights: { ...quiet, histogram, outlier } });

  test('an outlier is over four times the rest; scales a channel mend one scale, learned steps the others', () => {
    expect(at(10, weights(4))).toEqual([]);
    const [trap] = at(10, weights(4.1));
    expect(trap?.key).toBe('dense2/weights/outlier');
    expect(trap?.mend.edits).toEqual([
      { kind: 'quantizer', layer: 'dense2', site: 'weights', setting: 'quantizer', value: 'lsq' },
    ]);
    const perTensor = withSites(moons, { granularity: 'tensor' });
    expect(at(10, weights(9), [], perTensor)[0]?.mend.edits[0]).toMatchObject({ value: 'channel' });
    expect(at(10, weights(9), [], withSites(moons, { quantizer: 'mse' }))).toEqual([]);
    expect(at(10, weights(9), [], withSites(moons, { bits: 32 }))).toEqual([]);
  });

  test('an observer is late from step 3,000 on, 1,000 steps after the last change', () => {
    const history = moments([2000, 2500, 3000, 3500, 4000], [1, 1, 1.1, 1.4, 1.8], 'high');
    const activations = { activations: quiet };
    expect(keys(at(4000, activations, history))).toEqual(['dense2/activations/movingObserver']);
    expect(at(2900, activations, history)).toEqual([]);
    const change: Edit & { step: number } = { kind: 'learningRate', value: 0.001, step: 3500 };
    expect(at(4000, activations, history, moons, [change])).toEqual([]);
    const still = moments([2000, 3000, 4000], [1, 1.2, 1.4], 'high');
    expect(at(4000, activations, still)).toEqual([]);
    // Nothing is said of a run that was not watched.
    expect(at(40_000, activations, moments([0, 40_000], [1, 9], 'high'))).toEqual([]);
  });

  test('a step that drifts is learning; one that swings or vanishes is not', () => {
    const learned = withSites(moons, {}, { quantizer: 'lsq' });
    const activations = { activations: quiet };
    const steps = [0, 600, 800, 1000, 1200, 1400, 1600];
    expect(at(1600, activations, moments(steps, [1, 1, 2, 4, 8, 16, 32], 'step'), learned)).toEqual([]);
    const swings = moments(steps, [1, 1, 2, 1, 2, 1, 2], 'step');
    expect(keys(at(1600, activations, swings, learned))).toEqual(['dense2/activations/unsteadyStep']);
    const gone = moments(steps, [1, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4], 'step');
    expect(at(1600, activations, gone, learned)[0]?.text).toContain('collapsed');
  });
});

describe('oscillating weights', () => {
  const last = { step: 3500, kind: 'learningRate', value: 0.004 } as const;
  const traps = (
    weights: Partial<WeightSite>,
    share: number,
    { step = 5000, count = 256, changes = [] as Experiment['changes'] } = {},
  ) => {
    const histogram = { min: -1, max: 1, counts: [count] };
    const summary = { ...quiet, histogram, oscillation: { share, frozen: 0 } };
    return trapsOf(withSites(moons, weights), changes, {
      step,
      layers: { dense2: { name: 'dense2', sites: { weights: summary } } },
      historyOf: () => [],
    });
  };
  const four = { bits: 4 } as const;

  test('late, at few bits and over a fifth of many weights, are offered to be frozen', () => {
    const [trap] = traps(four, 0.25);
    expect(trap).toMatchObject({
      key: 'dense2/weights/oscillation',
      text: '25 % of the weights of dense2 turn back and forth between two levels and get nowhere.',
      mend: {
        label: 'Freeze them',
        edits: [
          { kind: 'quantizer', layer: 'dense2', site: 'weights', setting: 'oscillation', value: 'freeze' },
        ],
      },
    });
    const mendedSites = trap!.mend.edits.reduce<Experiment>(applyEdit, withSites(moons, four)).layers[1];
    expect(mendedSites).toMatchObject({ weights: { oscillation: 'freeze' } });
  });
  test('are not mentioned otherwise', () => {
    expect(traps(four, 0.2)).toEqual([]);
    expect(traps({ bits: 5 }, 0.5)).toEqual([]);
    expect(traps({ ...four, oscillation: 'freeze' }, 0.5)).toEqual([]);
    expect(traps({ ...four, oscillation: 'damp' }, 0.5)).toEqual([]);
    expect(traps({ ...four, quantizer: 'dorefa' }, 0.5)).toEqual([]);
    expect(traps(four, 0.5, { step: 2999 })).toEqual([]);
    expect(traps(four, 0.5, { count: 99 })).toEqual([]);
    expect(traps(four, 0.5, { step: 4499, changes: [last] })).toEqual([]);
    expect(traps(four, 0.5, { step: 4500, changes: [last] })).toHaveLength(1);
  });
});

describe('how far one weight stands out', () => {
  const site = (latent: number[], channels = 1, scales = channels) => ({
    latent: Float32Array.from(latent),
    channels,
    scales,
  });
  const others = Array.from({ length: 31 }, (_, i) => (i - 15) / 15);

  test('the largest magnitude over the next one, where few share a scale', () => {
    expect(outlierOf(site([...others, -7]))).toBe(7);
    expect(outlierOf(site([1, -5, ...new Array<number>(13).fill(0)]))).toBe(1);
  });
  test('over the 99.9th percentile where many do', () => {
    const many = Array.from({ length: 4000 }, (_, i) => i / 4000);
    expect(outlierOf(site([...many, 10, 10, 10]))).toBeCloseTo(10, 1);
    expect(outlierOf(site(many))).toBeCloseTo(1, 2);
  });
  test('the median over the channels, so that one channel does not speak for all', () => {
    const even = others.flatMap((value) => [value, value, value]);
    expect(outlierOf(site([...even, 9, 1, 1], 3))).toBe(1);
    expect(outlierOf(site([...even, 9, 8, 1], 3))).toBe(8);
  });
});
