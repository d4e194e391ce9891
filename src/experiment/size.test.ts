import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import type { Conv2d, Dense } from '@/catalog/layers';
import { activationSite, type Granularity, weightSite } from '@/catalog/quantizers';
import { workingMemory } from './memory';
import type { Experiment } from './schema';
import { modelSize } from './size';
import { experiments } from './testing/arbitrary';

type Network = Pick<Experiment, 'dataset' | 'layers' | 'input'>;
const sites = (weights: Bits, activations: Bits, granularity: Granularity) => ({
  weights: { ...weightSite(weights), granularity },
  activations: activationSite(activations),
});

/** 2 inputs, 3 units, 2 classes: weights of 2 x 3 and 3 x 2. */
const dense = (w1: Bits, a1: Bits, w2: Bits, a2: Bits, granularity: Granularity = 'channel'): Network => {
  const hidden: Dense = {
    kind: 'dense',
    units: 3,
    norm: 'none',
    activation: 'relu',
    ...sites(w1, a1, granularity),
  };
  const last: Dense = { kind: 'dense', norm: 'none', activation: 'linear', ...sites(w2, a2, granularity) };
  return {
    dataset: { kind: 'xor', samples: 100, noise: 0.1, testShare: 0.5, validationShare: 0 },
    input: activationSite(8),
    layers: [hidden, last],
  };
};

/** 9 x 9 x 1 images: 3 x 3 filters to 7 x 7 x 5, pooling to 3 x 3 x 5, then 45 x 3. */
const conv = (w1: Bits, a1: Bits, w2: Bits, granularity: Granularity): Network => {
  const filters: Conv2d = {
    kind: 'conv2d',
    filters: 5,
    kernelSize: 3,
    stride: 1,
    padding: 'valid',
    norm: 'none',
    activation: 'relu',
    ...sites(w1, a1, granularity),
  };
  return {
    dataset: {
      kind: 'own',
      format: 'idx',
      name: 'images',
      bytes: 1,
      hash: '0000000000000000',
      train: 10,
      test: 10,
      shape: [9, 9, 1],
      classes: 3,
    },
    input: activationSite(4),
    layers: [
      filters,
      { kind: 'maxPool2d', size: 2 },
      { kind: 'dense', norm: 'none', activation: 'linear', ...sites(w2, 32, granularity) },
    ],
  };
};

describe('model size of a dense network, by hand', () => {
  test('W3 A4, per channel: six weights of 3 bits are 18 bits, so 3 bytes', () => {
    const size = modelSize(dense(3, 4, 8, 32));
    expect(size.layers).toEqual([
      // 3 biases of 4 bytes; 3 scales of 4 bytes; scale and zero point of the output, 5 bytes
      { name: 'dense1', weights: 3, biases: 12, scales: 12 + 5, total: 32, float: 4 * 9 },
      // 6 weights of 8 bits; 2 biases; 2 scales; logits have no scale
      { name: 'dense2', weights: 6, biases: 8, scales: 8, total: 22, float: 4 * 8 },
    ]);
    expect(size).toMatchObject({
      input: 5,
      weights: 9,
      biases: 20,
      scales: 30,
      total: 32 + 22 + 5,
      float: 68,
    });
    // 6 MACs x 3 x 8 bits, 6 MACs x 8 x 4 bits
    expect(size.bops).toBe(6 * 3 * 8 + 6 * 8 * 4);
  });
  test('per tensor there is one scale for the weights', () => {
    const size = modelSize(dense(3, 4, 8, 32, 'tensor'));
    expect(size.layers.map(({ scales }) => scales)).toEqual([4 + 5, 4]);
    expect(size.total).toBe(3 + 12 + 9 + (6 + 8 + 4) + 5);
  });
  test('1 bit: six signs fit into one byte', () => {
    expect(modelSize(dense(1, 1, 1, 1)).layers).toMatchObject([
      { weights: 1, total: 1 + 12 + 12 + 5 },
      { weights: 1, total: 1 + 8 + 8 + 5 },
    ]);
  });
  test('32 bits everywhere: the float model, no scales', () => {
    const size = modelSize({ ...dense(32, 32, 32, 32), input: activationSite(32) });
    expect(size).toMatchObject({ total: 68, float: 68, scales: 0, input: 0 });
    expect(size.bops).toBe(12 * 32 * 32);
  });
});

describe('model size of a convolutional network, by hand', () => {
  test('W5 A2, per channel: 45 weights of 5 bits are 225 bits, so 29 bytes; pooling takes none', () => {
    const size = modelSize(conv(5, 2, 7, 'channel'));
    expect(size.layers).toEqual([
      { name: 'conv1', weights: 29, biases: 20, scales: 20 + 5, total: 74, float: 4 * 50 },
      // 135 weights of 7 bits are 945 bits
      { name: 'dense2', weights: 119, biases: 12, scales: 12, total: 143, float: 4 * 138 },
    ]);
    expect(size.total).toBe(74 + 143 + 5);
    // 49 places x 9 weights x 5 filters at 5 x 4 bits; 135 MACs at 7 x 2 bits, through the pooling
    expect(size.bops).toBe(2205 * 20 + 135 * 14);
  });
  test('W1, per tensor: 45 signs are 6 bytes, 135 are 17', () => {
    expect(modelSize(conv(1, 8, 1, 'tensor')).layers).toMatchObject([
      { weights: 6, scales: 4 + 5 },
      { weights: 17, scales: 4 },
    ]);
  });
  test('working memory: 81 bytes of input take 84, 245 of the convolution 248, 45 pooled beside it 48', () => {
    expect(workingMemory(conv(5, 2, 7, 'channel'))).toBe(84 + 248 + 48);
  });
});

test('the total is the sum of its parts, and fewer bits are never more bytes', () => {
  fc.assert(
    fc.property(experiments, (experiment) => {
      const size = modelSize(experiment);
      expect(size.total).toBe(size.weights + size.biases + size.scales);
      expect(size.total).toBe(size.layers.reduce((sum, layer) => sum + layer.total, size.input));
      const smaller = experiment.layers.map((layer) =>
        'weights' in layer && layer.weights.bits < 32 && layer.weights.bits > 1
          ? { ...layer, weights: { ...layer.weights, bits: (layer.weights.bits - 1) as Bits } }
          : layer,
      );
      expect(modelSize({ ...experiment, layers: smaller }).total).toBeLessThanOrEqual(size.total);
    }),
    { numRuns: 100 },
  );
});
