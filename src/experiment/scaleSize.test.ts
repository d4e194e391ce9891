/** Sizes of networks with scales per group, dynamic activations and learned widths, by hand. */
import { describe, expect, test } from 'vitest';
import type { Dense } from '@/catalog/layers';
import { activationSite, type WeightSite, weightSite } from '@/catalog/quantizers';
import { defaultExperiment } from './presets';
import { learnedWidths, modelSize } from './size';

const [template] = defaultExperiment.layers as Dense[];

/** 2 inputs, 40 units, 2 classes: weights of 2 x 40 and 40 x 2. */
const network = (weights: Partial<WeightSite>, quantizer: 'ema' | 'dynamic' | 'dynamicAbsmax' = 'ema') => {
  const site = { ...weightSite(4), ...weights };
  const hidden: Dense = {
    ...template!,
    units: 40,
    weights: site,
    activations: { ...activationSite(8), quantizer },
  };
  const { units: _, ...rest } = hidden;
  const last: Dense = { ...rest, activation: 'linear', activations: activationSite(32) };
  return {
    dataset: { kind: 'xor', samples: 100, noise: 0.1, testShare: 0.5, validationShare: 0 } as const,
    input: { ...activationSite(8), quantizer },
    layers: [hidden, last],
  };
};

describe('scales per group', () => {
  test('cost 4 bytes each, those of short groups too', () => {
    // Inputs of 2: a group for each of 40 units. Inputs of 40: 3 groups of 16, or 2 of 32, or 1, for each of 2 classes.
    for (const [granularity, last] of [
      ['group16', 3 * 2 * 4],
      ['group32', 2 * 2 * 4],
      ['group64', 2 * 4],
      ['group128', 2 * 4],
    ] as const)
      expect(modelSize(network({ granularity })).layers).toMatchObject([
        { weights: 40, scales: 40 * 4 + 5 },
        { weights: 40, scales: last },
      ]);
  });
  test('are per channel where the quantizer finds none for groups', () => {
    const scales = modelSize(network({ granularity: 'group16', quantizer: 'lsq' })).layers[1]?.scales;
    expect(scales).toBe(2 * 4);
  });
  test('are none at 32 bits', () => {
    expect(modelSize(network({ granularity: 'group16', bits: 32 })).layers[1]?.scales).toBe(0);
  });
});

test('dynamic activations store no scale and no zero point', () => {
  for (const quantizer of ['dynamic', 'dynamicAbsmax'] as const) {
    const size = modelSize(network({ granularity: 'tensor' }, quantizer));
    expect(size.input).toBe(0);
    expect(size.layers[0]?.scales).toBe(4);
  }
});

describe('learned widths', () => {
  const learns = network({ quantizer: 'learnedBits', bits: 6 });
  const bytes = (width: number) =>
    modelSize(learns, { 'dense1/weights': width }).layers.map(({ weights }) => weights);

  test('count with the whole bits that hold their levels', () => {
    // 80 weights of each layer; the second one's width is not known: 6 bits, the most it may have.
    expect(bytes(6)).toEqual([60, 60]);
    expect(bytes(4)).toEqual([40, 60]);
    // 2^3.3 - 1 = 8.85: 9 levels on either side, 5 bits. 2^3.05 - 1 = 7.28: 7, and 4 bits.
    expect(bytes(4.3)).toEqual([50, 60]);
    expect(bytes(4.05)).toEqual([40, 60]);
    expect(bytes(2)).toEqual([20, 60]);
    expect(bytes(7.5)).toEqual([60, 60]);
  });
  test('are counted in bit operations, with one scale for the layer', () => {
    const before = modelSize(learns);
    const after = modelSize(learns, { 'dense1/weights': 3, 'dense2/weights': 2 });
    expect(before.bops).toBe(80 * 6 * 8 + 80 * 6 * 8);
    expect(after.bops).toBe(80 * 3 * 8 + 80 * 2 * 8);
    expect(after.layers.map(({ scales }) => scales)).toEqual([4 + 5, 4]);
  });
  test('are read from what is reported, the same object where there is none', () => {
    const layer = (name: string, bits?: number) => ({
      name,
      sites: {
        weights: { parameters: { clip: 0.7, ...(bits && { bits }) } },
        activations: { parameters: {} },
      },
    });
    expect(learnedWidths([layer('dense1', 3.4), layer('dense2')])).toEqual({ 'dense1/weights': 3.4 });
    expect(learnedWidths([layer('dense1')])).toBe(learnedWidths([]));
  });
  test('are those of quantizers that learn them alone', () => {
    const fixed = network({ bits: 6 });
    expect(modelSize(fixed, { 'dense1/weights': 3 })).toEqual(modelSize(fixed));
    const float = network({ quantizer: 'learnedBits', bits: 32 });
    expect(modelSize(float, { 'dense1/weights': 3 })).toEqual(modelSize(float));
  });
});
