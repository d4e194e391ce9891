/** Every quantizer that deploys to integers agrees with the integer engine; every other is refused in a sentence. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type ActivationSite,
  activationQuantizerOf,
  activationQuantizers,
  type WeightSite,
  weightQuantizerOf,
  weightQuantizers,
} from '@/catalog/quantizers';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { parityOf, programOf } from './deploy';
import { trainedPreset } from './testing/trained';
import { atBits } from './testing/widths';

beforeAll(() => startBackend('wasm'));

const withSites =
  (weights: Partial<WeightSite>, activations: Partial<ActivationSite>) =>
  (experiment: Experiment): Experiment => {
    const narrow = atBits(3, 4)(experiment);
    return {
      ...narrow,
      layers: narrow.layers.map((spec) =>
        spec.kind === 'dense'
          ? {
              ...spec,
              weights: { ...spec.weights, ...weights },
              activations: { ...spec.activations, ...activations },
            }
          : spec,
      ),
    };
  };

async function expectParity(change: (experiment: Experiment) => Experiment): Promise<void> {
  const trainer = trainedPreset('mlp', 30, change);
  trainer.calibrate();
  for (const name of ['qat', 'ptq'] as const) {
    const parity = await parityOf(trainer, name, await programOf(trainer, name));
    for (const { name: layer, evaluation } of parity.layers)
      expect([layer, evaluation]).toEqual([layer, { lsb: 0, outputs: 0 }]);
    expect(parity.mismatches.evaluation).toBe(0);
  }
  trainer.dispose();
}

async function expectRefusal(change: (experiment: Experiment) => Experiment, words: string): Promise<void> {
  const trainer = trainedPreset('mlp', 1, change);
  await expect(programOf(trainer, 'qat')).rejects.toThrow(words);
  trainer.dispose();
}

describe('weights', () => {
  test.each(Object.keys(weightQuantizers) as WeightSite['quantizer'][])('%s', async (quantizer) => {
    const { deploysTo, label } = weightQuantizerOf(quantizer);
    const change = withSites({ quantizer }, {});
    if (deploysTo === 'integer') await expectParity(change);
    else await expectRefusal(change, `The quantizer of the weights of dense1, ${label}, exists as`);
  });
  test('one scale for all, the full range, and one bit', async () => {
    await expectParity(withSites({ granularity: 'tensor', range: 'full' }, {}));
    await expectParity(withSites({ bits: 1, granularity: 'tensor' }, { bits: 1 }));
    await expectParity(withSites({ bits: 8, quantizer: 'dorefa' }, { bits: 8 }));
  });
  test('groups and float weights are refused', async () => {
    await expectRefusal(withSites({ granularity: 'group16' }, {}), 'computes with floats');
    await expectRefusal(withSites({ bits: 32 }, {}), 'Nothing rounds the weights of dense1');
  });
});

describe('activations', () => {
  test.each(Object.keys(activationQuantizers) as ActivationSite['quantizer'][])('%s', async (quantizer) => {
    const { deploysTo, label } = activationQuantizerOf(quantizer);
    const change = withSites({}, { quantizer, bits: 4 });
    if (deploysTo === 'integer') await expectParity(change);
    else await expectRefusal(change, `The quantizer of the output of dense1, ${label}`);
  });
  test('float outputs, and a float input, are refused', async () => {
    await expectRefusal(withSites({}, { bits: 32 }), 'Nothing rounds the output of dense1');
    await expectRefusal(
      (experiment) => ({ ...experiment, input: { ...experiment.input, bits: 32 } }),
      'Nothing rounds the network’s input',
    );
  });
});
