/** Evaluation mode against the integer engine: no layer of any network differs, at any width. */
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '@/kernels/testing/node';
import { parityOf, programOf } from './deploy';
import { trainedPreset } from './testing/trained';
import { atBits } from './testing/widths';

beforeAll(() => startBackend('wasm'));

describe.each([
  'mlp',
  'wideMlp',
  'cnn',
  'depthwise',
  'resnet',
  'gru',
  'lstm',
  'transformer',
  'characters',
] as const)('%s', (name) => {
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
