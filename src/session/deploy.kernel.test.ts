/** Evaluation mode on wasm and webgpu, in a browser, against the integer engine: no step of difference at any layer. */
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, startBackend } from '@/kernels/testing/backends';
import { parityOf, programOf } from './deploy';
import { trainedPreset } from './testing/trained';
import { atBits } from './testing/widths';

// The cpu backend's own tests are in kernels/requantize; a ResNet takes it half a minute.
describe.each(backends.filter((name) => name !== 'cpu'))('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  // The first layer of the MLP has sums beyond 2^24; the ResNet has batch norm, both residual sums and a mean.
  test.each([
    ['wideMlp', 8, 8],
    ['resnet', 4, 4],
    ['gru', 4, 8],
  ] as const)('%s at W%iA%i', async (name, weights, activations) => {
    const trainer = trainedPreset(name, 0, atBits(weights, activations));
    const parity = await parityOf(trainer, 'qat', await programOf(trainer, 'qat'), 6);
    for (const layer of parity.layers)
      expect([layer.name, layer.evaluation]).toEqual([layer.name, { lsb: 0, outputs: 0 }]);
    expect(parity.samples).toBe(6);
    trainer.dispose();
  });
});
