/** Sizes of networks in float formats, by hand. */
import { describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import type { Dense } from '@/catalog/layers';
import {
  type ActivationQuantizerKind,
  activationSite,
  type Granularity,
  type WeightQuantizerKind,
  weightSite,
} from '@/catalog/quantizers';
import { workingMemory } from './memory';
import type { Experiment } from './schema';
import { modelSize } from './size';

/** 2 inputs, 40 units, 2 classes: weights of 2 x 40 and 40 x 2. */
const network = (
  quantizer: WeightQuantizerKind,
  rounded: ActivationQuantizerKind,
  bits: Bits = 8,
  granularity: Granularity = 'channel',
): Pick<Experiment, 'dataset' | 'layers' | 'input'> => {
  const weights = { ...weightSite(bits), quantizer, granularity };
  const hidden: Dense = {
    kind: 'dense',
    units: 40,
    norm: 'none',
    activation: 'relu',
    weights,
    activations: { ...activationSite(bits), quantizer: rounded },
  };
  const last: Dense = {
    kind: 'dense',
    norm: 'none',
    activation: 'linear',
    weights,
    activations: activationSite(32),
  };
  return {
    dataset: { kind: 'xor', samples: 100, noise: 0.1, testShare: 0.5, validationShare: 0 },
    input: activationSite(8),
    layers: [hidden, last],
  };
};

describe('float formats', () => {
  test('E4M3 is packed like 8-bit integers, and its activations have no zero point', () => {
    expect(modelSize(network('e4m3', 'e4m3')).layers).toMatchObject([
      { weights: 80, biases: 160, scales: 40 * 4 + 4 },
      { weights: 80, biases: 8, scales: 2 * 4 },
    ]);
    expect(modelSize(network('e4m3', 'ema', 8, 'tensor')).layers[0]).toMatchObject({ scales: 4 + 5 });
  });

  test('E2M1 has 4 bits whatever width is asked for, and 32 is float', () => {
    for (const bits of [1, 2, 4, 8] as const)
      expect(modelSize(network('e2m1', 'e2m1', bits)).layers[0]).toMatchObject({ weights: 40 });
    expect(modelSize(network('e2m1', 'e2m1', 32)).layers[0]).toMatchObject({ weights: 320, scales: 0 });
  });

  test('blocks of 32 along the input channels cost a byte each, the short ones too', () => {
    for (const granularity of ['channel', 'tensor'] as const) {
      // 1 block of 2 for each of 40 units; 2 blocks (32 and 8) for each of 2 classes
      expect(modelSize(network('mxfp4', 'ema', 4, granularity)).layers).toMatchObject([
        { weights: 40, scales: 40 + 5 },
        { weights: 40, scales: 2 * 2 },
      ]);
      expect(modelSize(network('mxfp8', 'ema', 8, granularity)).layers).toMatchObject([
        { weights: 80, scales: 40 + 5 },
        { weights: 80, scales: 2 * 2 },
      ]);
    }
  });

  test('bit operations count the bits of the format, memory whole bytes', () => {
    const narrow = network('mxfp4', 'e2m1', 8);
    // 80 MACs x 4 x 8 bits, 80 MACs x 4 x 4 bits
    expect(modelSize(narrow).bops).toBe(80 * 4 * 8 + 80 * 4 * 4);
    // 2 bytes of input take 4; 40 hidden values a byte each; 2 logits of 4 bytes
    expect(workingMemory(narrow)).toBe(4 + 40 + 8);
  });
});
