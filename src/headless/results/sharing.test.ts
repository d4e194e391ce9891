import { beforeAll, expect, test } from 'vitest';
import { activationSite } from '@/catalog/quantizers';
import { makeDataset } from '@/data';
import type { Plan } from '@/experiment/plan';
import { defaultExperiment, networkPresets } from '@/experiment/presets';
import { defaultPtq } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { runExperiment } from '../experiment';
import { withSites } from '../sums';
import { after, uniform } from './rows';
import { SharedRuns } from './sharing';

beforeAll(() => startBackend('wasm'));

const steps = 60;
const base: Experiment = {
  ...defaultExperiment,
  seed: 3,
  input: activationSite(8),
  layers: networkPresets.smallMlp.layers,
};
const { dataset: spec } = base;
const dataset = () => {
  if (spec.kind === 'own') throw new Error('generated data only');
  return makeDataset(spec, base.seed);
};

const narrow = withSites(base, uniform(3, 'absmax', 'ema'));

test('runs that share what they can come out as they do alone, to the digit', async () => {
  const late = { kind: 'learningRate', value: 0.001, step: 50 } as const;
  const bits = [
    after(20, withSites(base, uniform(4, 'absmax', 'ema'))),
    after(20, withSites(base, uniform(3, 'lsq', 'lsq'))),
    withSites(base, uniform(2, 'absmax', 'ema')),
    after(20, withSites(base, uniform(3, 'absmax', 'pact'))),
  ].flatMap((experiment) => [experiment, { ...experiment, changes: [...experiment.changes, late] }]);
  const hybrid = (until: number, train: number): Plan => [{ kind: 'hybrid', until, train }];
  const plans: Experiment[] = [
    { ...narrow, plan: [{ kind: 'linear', of: 'weights', from: 0, to: 40, start: 8, end: 3 }] },
    { ...narrow, plan: hybrid(20, 30), ptq: { ...defaultPtq, method: 'mse' } },
    // No other is float up to here: PTQ starts from a float twin that nobody handed over.
    { ...narrow, plan: hybrid(35, 35) },
  ];
  const rows = [...bits, ...plans];
  const shared = new SharedRuns();
  for (const experiment of rows) {
    const alone = await runExperiment(experiment, dataset(), steps, () => {});
    const together = await runExperiment(
      experiment,
      dataset(),
      steps,
      undefined,
      shared.of(experiment, steps),
    );
    for (const report of [alone, together]) {
      // Clocks differ.
      report.stepMs = { float: 0, qat: 0 };
      if (report.parity) report.parity.engineMs = 0;
      expect(report.float.accuracy).not.toBe(report.qat.accuracy);
    }
    expect(together).toEqual(alone);
  }
});

test('only what differs is computed', async () => {
  const shared = new SharedRuns();
  const experiment = after(20, withSites(base, uniform(4, 'absmax', 'ema')));
  const times = async () => {
    const { stepMs } = await runExperiment(
      experiment,
      dataset(),
      steps,
      undefined,
      shared.of(experiment, steps),
    );
    return stepMs.float;
  };
  expect(await times()).toBeGreaterThan(0);
  // The float twin was not trained again.
  expect(await times()).toBe(0);
});
