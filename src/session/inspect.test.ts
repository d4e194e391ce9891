/** What the layer view is told of every quantizer, after some steps of training. */
import { beforeAll, expect, test } from 'vitest';
import {
  type ActivationQuantizerKind,
  activationQuantizers,
  type WeightQuantizerKind,
  weightQuantizers,
} from '@/catalog/quantizers';
import { generate } from '@/data/generate';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { inspect } from './inspect';
import type { LayerDetail, LayerSummary, SiteDetail } from './protocol';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

const moons = experimentFor(
  { kind: 'moons', samples: 200, noise: 0.1, testShare: 0.5, validationShare: 0 },
  3,
);

async function look(
  weights: WeightQuantizerKind,
  activations: ActivationQuantizerKind,
): Promise<{ layers: LayerSummary[]; detail: LayerDetail }> {
  const experiment: Experiment = {
    ...moons,
    layers: networkPresets.smallMlp.layers.map((spec) =>
      'weights' in spec
        ? {
            ...spec,
            weights: { ...spec.weights, bits: 3, quantizer: weights, estimator: 'ewgs' },
            activations: { ...spec.activations, quantizer: activations },
          }
        : spec,
    ),
  };
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  const trainer = new Trainer(experiment, generate(experiment.dataset, experiment.seed));
  await new Stepper(trainer, () => [], true).burst(Number.POSITIVE_INFINITY, 30);
  const { layers, detail } = await inspect(trainer, 'dense2');
  trainer.dispose();
  return { layers, detail: detail! };
}

function expectWhole(site: SiteDetail): void {
  if (site.levelShares.length > 0)
    expect(site.levelShares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  expect(site.clippedBelow).toBeGreaterThanOrEqual(0);
  expect(site.clippedBelow).toBeLessThanOrEqual(site.clippedShare);
  expect(Object.keys(site.parameters).length).toBeGreaterThan(0);
  for (const value of Object.values(site.parameters)) expect(Number.isFinite(value)).toBe(true);
}

test.each(Object.keys(weightQuantizers) as WeightQuantizerKind[])('weights %s', async (kind) => {
  const { layers, detail } = await look(kind, 'ema');
  const site = detail.sites.weights!;
  expectWhole(site);
  const { format, estimator = 'ewgs' } = weightQuantizers[kind] as { format?: string; estimator?: string };
  expect(site.estimator).toBe(estimator);
  expect(site.format).toBe(format);
  const passes = {
    lsq: 'inside',
    learnedBits: 'closed',
    dorefa: 'everywhere',
    twn: 'everywhere',
    bitnet: 'everywhere',
  };
  expect(site.passes).toBe((passes as Record<string, string>)[kind] ?? 'unclamped');
  expect(site.spacing).toBe(kind === 'dorefa' ? 2 : 1);
  const summary = layers.find(({ name }) => name === 'dense2')!.sites.weights!;
  expect(summary.parameters).toEqual(site.parameters);
  expect(summary.fullestShare).toBeCloseTo(Math.max(...site.levelShares, 0) || summary.fullestShare, 6);
});

test.each(Object.keys(activationQuantizers) as ActivationQuantizerKind[])('activations %s', async (kind) => {
  const { detail } = await look('absmax', kind);
  const site = detail.sites.activations!;
  expectWhole(site);
  const passes = { lsq: 'inside', lsqplus: 'inside', pact: 'inside', dorefa: 'closed' };
  expect(site.passes).toBe((passes as Record<string, string>)[kind] ?? 'unclamped');
  // After ReLU there is nothing below the grid.
  if (kind !== 'lsqplus') expect(site.clippedBelow).toBe(0);
});
