import { describe, expect, test } from 'vitest';
import type { DatasetSpec } from '@/catalog/datasets';
import { type Conv2d, type Dense, type LayerSpec, layerKinds } from '@/catalog/layers';
import { layerNames, networkProblem, resolveNetwork, sitesByName } from './network';
import { networkPresets, presetFor, presetsFor } from './presets';

const digits: DatasetSpec = { kind: 'digits', samples: 200, noise: 0, testShare: 0.5, validationShare: 0 };
const points: DatasetSpec = { kind: 'moons', samples: 100, noise: 0, testShare: 0.5, validationShare: 0 };
const { units: _units, ...lastDense } = layerKinds.dense.defaults as Dense;
const last: Dense = { ...lastDense, activation: 'linear' };
const hidden = (units: number): Dense => ({ ...last, units });
const conv = (change: Partial<Conv2d>): Conv2d => ({ ...(layerKinds.conv2d.defaults as Conv2d), ...change });
const pool = (size: number): LayerSpec => ({ kind: 'maxPool2d', size });

describe('names', () => {
  test('weighted layers count together, others by themselves', () => {
    expect(layerNames([conv({}), pool(2), conv({}), pool(2), hidden(8), last])).toEqual([
      'conv1',
      'pool1',
      'conv2',
      'pool2',
      'dense3',
      'dense4',
    ]);
  });
  test('sites go by them: the input rounds activations, pooling nothing', () => {
    expect([...sitesByName({ dataset: digits, layers: [conv({}), pool(2), last] })]).toEqual([
      ['input', ['activations']],
      ['conv1', ['weights', 'activations']],
      ['pool1', []],
      ['dense2', ['weights', 'activations']],
    ]);
  });
});

describe('shapes, parameters and multiply-accumulates, by hand', () => {
  const resolved = (dataset: DatasetSpec, layers: LayerSpec[]) =>
    resolveNetwork({ dataset, layers }).map(({ outputShape, parameters, macs }) => [
      outputShape.join('x'),
      parameters,
      macs,
    ]);
  test('the digits CNN', () => {
    expect(resolved(digits, [conv({}), pool(2), conv({ filters: 16 }), pool(2), last])).toEqual([
      ['26x26x8', 9 * 8 + 8, 676 * 9 * 8],
      ['13x13x8', 0, 0],
      ['11x11x16', 72 * 16 + 16, 121 * 72 * 16],
      ['5x5x16', 0, 0],
      ['10', 4000 + 10, 4000],
    ]);
  });
  test('an MLP on points', () => {
    expect(resolved(points, [hidden(32), last])).toEqual([
      ['32', 2 * 32 + 32, 64],
      ['2', 64 + 2, 64],
    ]);
  });
  test('strides and padding', () => {
    const shape = (change: Partial<Conv2d>) => resolved(digits, [conv(change), last])[0]?.[0];
    expect(shape({ stride: 2 })).toBe('13x13x8');
    expect(shape({ stride: 3 })).toBe('9x9x8');
    expect(shape({ padding: 'same' })).toBe('28x28x8');
    expect(shape({ padding: 'same', stride: 3, kernelSize: 9 })).toBe('10x10x8');
    expect(shape({ kernelSize: 1 })).toBe('28x28x8');
  });
});

describe('networks that do not fit, in one sentence', () => {
  const problem = (dataset: DatasetSpec, layers: LayerSpec[]) => networkProblem({ dataset, layers });
  test.each([
    ['no dense layer at the end', digits, [conv({})], 0, /^The last layer must be a dense layer/],
    ['a last layer with units', points, [hidden(2)], 0, /^The last layer must be a dense layer/],
    ['a dense layer without units in between', points, [last, last], 0, /needs a number of units\.$/],
    ['a convolution on points', points, [conv({}), last], 0, /^A convolution needs an image before it;/],
    [
      'pooling behind a dense layer',
      digits,
      [hidden(4), pool(2), last],
      1,
      /^Pooling needs an image before it;/,
    ],
    [
      'filters larger than the image',
      digits,
      [pool(8), conv({ kernelSize: 5 }), last],
      1,
      /^A 5×5 filter does not fit an image of 3×3\.$/,
    ],
    [
      'a window larger than the image',
      digits,
      [pool(8), pool(4), last],
      1,
      /^A 4×4 window does not fit an image of 3×3\.$/,
    ],
    [
      'more parameters than allowed',
      digits,
      [...Array.from({ length: 5 }, () => hidden(1024)), last],
      5,
      /^The network has 5,012,490 parameters; the most is 5,000,000\.$/,
    ],
    [
      'more arithmetic than allowed',
      digits,
      [...Array.from({ length: 6 }, () => conv({ filters: 128, padding: 'same' })), last],
      6,
      /^The network needs [\d,]+ multiply-accumulates an example; the most is 500,000,000\.$/,
    ],
  ] as const)('%s', (_name, dataset, layers, layer, message) => {
    expect(problem(dataset, [...layers])).toEqual({ layer, message: expect.stringMatching(message) });
  });
  test('every preset fits the data that it is offered for', () => {
    for (const dataset of [digits, points]) {
      expect(presetsFor(dataset)).toContain(presetFor(dataset));
      for (const name of presetsFor(dataset))
        expect(problem(dataset, networkPresets[name].layers)).toBeUndefined();
    }
  });
});
