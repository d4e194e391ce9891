/** Evaluation mode against the integer engine: no layer of any feed-forward network differs, at any width. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { parityOf, programOf } from './deploy';
import { trainedPreset } from './testing/trained';

beforeAll(() => startBackend('wasm'));

/** All weights and outputs at these widths; logits stay sums. */
const atBits =
  (weights: Bits, activations: Bits, logits: Bits = 32) =>
  (experiment: Experiment): Experiment => ({
    ...experiment,
    input: { ...experiment.input, bits: 8 },
    layers: experiment.layers.map((spec, index) => {
      const last = index === experiment.layers.length - 1;
      const changed: Record<string, unknown> = { ...spec };
      if ('weights' in spec) changed.weights = { ...spec.weights, bits: weights };
      if ('activations' in spec)
        changed.activations = { ...spec.activations, bits: last ? logits : activations };
      return changed as typeof spec;
    }),
  });

describe.each(['mlp', 'wideMlp', 'cnn', 'depthwise', 'resnet'] as const)('%s', (name) => {
  test.each([
    [8, 8],
    [3, 4],
    [1, 1],
  ] as const)('at W%iA%i', async (weights, activations) => {
    const trainer = trainedPreset(name, 8, atBits(weights, activations));
    const program = await programOf(trainer, 'qat');
    const parity = await parityOf(trainer, 'qat', program, 30);
    for (const layer of parity.layers)
      expect([layer.name, layer.evaluation]).toEqual([layer.name, { lsb: 0, outputs: 0 }]);
    expect(parity.layers.map((layer) => layer.name)).toEqual(Object.keys(program.outputs));
    expect(parity.mismatches.evaluation).toBe(0);
    expect(parity.accuracy.integer).toBe(parity.accuracy.evaluation);
    expect(parity.floats).toEqual([]);
    trainer.dispose();
  });
});
