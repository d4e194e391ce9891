import { describe, expect, it } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { layerKinds } from '@/catalog/layers';
import { networkProblem } from '@/experiment/network';
import { experimentFor, networkPresets } from '@/experiment/presets';
import { exampleExperiment } from '@/experiment/testing/example';
import {
  commonBits,
  editsForAll,
  inSentence,
  inserted,
  moved,
  placeFor,
  presetOf,
  removed,
  withSites,
} from './layers';

const digits = experimentFor(datasetKinds.digits.defaults);

describe('all layers', () => {
  it('gives every layer the same weight bits, the last one too', () => {
    expect(editsForAll(digits.layers, 'weights', 2)).toEqual(
      ['conv1', 'conv2', 'dense3'].map((layer) => ({ kind: 'bits', layer, site: 'weights', bits: 2 })),
    );
  });
  it('leaves the logits of the last layer alone', () => {
    expect(editsForAll(digits.layers, 'activations', 2).map((edit) => 'layer' in edit && edit.layer)).toEqual(
      ['conv1', 'conv2'],
    );
  });
  it('is checked only where all agree', () => {
    expect(commonBits(digits.layers, 'activations')).toBe(4);
    expect(commonBits(exampleExperiment.layers, 'weights')).toBeUndefined();
    expect(commonBits(withSites(exampleExperiment.layers, 'weights', { bits: 3 }), 'weights')).toBe(3);
  });
});

describe('presets', () => {
  it('recognises a preset whatever its bits', () => {
    expect(presetOf(exampleExperiment)).toBe('mlp');
    expect(
      presetOf({
        ...digits,
        layers: withSites(digits.layers, 'weights', { granularity: 'tensor', bits: 1 }),
      }),
    ).toBe('cnn');
  });
  it('calls any other network custom', () => {
    expect(presetOf({ ...digits, layers: digits.layers.toSpliced(1, 1) })).toBeUndefined();
  });
});

describe('editing layers', () => {
  it('puts a new layer where the network stays whole', () => {
    for (const kind of [
      'dense',
      'conv2d',
      'depthwiseConv2d',
      'maxPool2d',
      'averagePool2d',
      'dropout',
    ] as const) {
      const { defaults } = layerKinds[kind];
      const layers = inserted(digits.layers, placeFor(digits, defaults), defaults);
      // A third pooling or convolution may be too large for what is left of the image, but never out of order.
      expect(networkProblem({ ...digits, layers })?.message ?? '').not.toMatch(/needs an image|last layer/);
    }
  });
  it('moves a layer and keeps the others in order', () => {
    const { layers } = networkPresets.cnn;
    expect(moved(layers, 0, 1).map(({ kind }) => kind)).toEqual([
      'maxPool2d',
      'conv2d',
      'conv2d',
      'maxPool2d',
      'dense',
    ]);
  });
  it('keeps where residual paths begin when a layer comes between, goes, or comes before', () => {
    const { layers } = networkPresets.resnet;
    const dropout = layerKinds.dropout.defaults;
    const spans = (list: typeof layers) => list.flatMap((spec) => ('span' in spec ? [spec.span] : []));
    expect(spans(layers)).toEqual([2, 2]);
    // Layers 2 and 3 are bridged by 4; 5 and 6 by 7.
    expect(spans(inserted(layers, 3, dropout))).toEqual([3, 2]);
    expect(spans(inserted(layers, 4, dropout))).toEqual([3, 2]);
    expect(spans(inserted(layers, 2, dropout))).toEqual([2, 2]);
    expect(spans(inserted(layers, 5, dropout))).toEqual([2, 2]);
    expect(spans(removed(layers, 3))).toEqual([1, 2]);
    expect(spans(removed(layers, 1))).toEqual([2, 2]);
    expect(removed(inserted(layers, 3, dropout), 3)).toEqual(layers);
  });
  it('puts a layer at the last place where it fits', () => {
    const transformer = { ...digits, layers: networkPresets.transformer.layers };
    expect(placeFor(transformer, layerKinds.layerNorm.defaults)).toBe(transformer.layers.length - 2);
    expect(placeFor(transformer, layerKinds.dense.defaults)).toBe(transformer.layers.length - 1);
    // Nowhere: before what flattens the image, with the word on what does not fit.
    expect(placeFor(digits, layerKinds.gru.defaults)).toBe(4);
  });
});

it('writes a label in a sentence without its capital, and initials as they are', () => {
  expect(['Dense', 'Self-attention', 'GRU', 'LSTM'].map(inSentence)).toEqual([
    'dense',
    'self-attention',
    'GRU',
    'LSTM',
  ]);
});
