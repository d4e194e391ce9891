/** Whole training steps with every quantizer on every backend: the same start, and nearly the same first steps. */
import { expect, test } from 'vitest';
import {
  type ActivationQuantizerKind,
  activationQuantizers,
  type WeightQuantizerKind,
  weightQuantizers,
} from '@/catalog/quantizers';
import { generate } from '@/data/generate';
import { experimentFor } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { backends, expectCloseArrays, startBackend } from '@/kernels/testing/backends';
import { Trainer } from './trainer';

const moons = experimentFor(
  { kind: 'moons', samples: 80, noise: 0.1, testShare: 0.5, validationShare: 0 },
  3,
);

function withSites(weights: object, activations: object): Experiment {
  return {
    ...moons,
    batchSize: 20,
    layers: moons.layers.map((spec) =>
      'weights' in spec
        ? {
            ...spec,
            weights: { ...spec.weights, bits: 8, ...weights },
            activations: { ...spec.activations, ...activations },
          }
        : spec,
    ),
  };
}

const cases: [string, Experiment][] = [
  ...(Object.keys(weightQuantizers) as WeightQuantizerKind[]).map((quantizer): [string, Experiment] => [
    `weights ${quantizer}`,
    withSites({ quantizer }, {}),
  ]),
  ...(Object.keys(activationQuantizers) as ActivationQuantizerKind[]).map(
    (quantizer): [string, Experiment] => [`activations ${quantizer}`, withSites({}, { quantizer, bits: 8 })],
  ),
  ['chance', withSites({ rounding: 'stochastic' }, { rounding: 'stochastic', bits: 8 })],
  ['EWGS', withSites({ estimator: 'ewgs' }, { estimator: 'soft', bits: 8 })],
];

test.each(cases)('%s', async (_name, experiment) => {
  const states: Record<string, Float32Array>[] = [];
  for (const backend of backends) {
    await startBackend(backend);
    const { dataset, seed } = experiment;
    if (dataset.kind === 'own') throw new Error('generated data only');
    const trainer = new Trainer(experiment, generate(dataset, seed));
    for (let step = 0; step < 2; step++) {
      const batch = trainer.nextBatch();
      trainer.train('qat', batch).dispose();
      batch.x.dispose();
      batch.y.dispose();
      trainer.advance();
    }
    states.push((await trainer.checkpoint()).tensors);
    trainer.dispose();
  }
  const [cpu, ...others] = states;
  for (const state of others) {
    expect(Object.keys(state)).toEqual(Object.keys(cpu!));
    for (const [name, values] of Object.entries(state)) {
      // A sum that rounds otherwise may take one value to the next level, and Adam's first steps are of its sign.
      if (/^(qat|quantizers)\//.test(name) && !name.includes('optimizer'))
        expectCloseArrays(values, cpu![name]!, 0.02);
    }
  }
});
