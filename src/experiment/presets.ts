/** Network presets and the experiment that a first visit opens with. */

import { type Bits, bitWidths } from '@/catalog/bits';
import { type DatasetSpec, datasetInfo, datasetKinds } from '@/catalog/datasets';
import type { Conv2d, Dense, LayerSpec } from '@/catalog/layers';
import { activationSite, weightSite } from '@/catalog/quantizers';
import type { Experiment } from './schema';

const dense = (units: number | undefined, weights: Bits, activations: Bits): Dense => ({
  kind: 'dense',
  ...(units === undefined ? {} : { units }),
  activation: units === undefined ? 'linear' : 'relu',
  weights: weightSite(weights),
  activations: activationSite(activations),
});

const conv = (filters: number, weights: Bits, activations: Bits): Conv2d => ({
  kind: 'conv2d',
  filters,
  kernelSize: 3,
  stride: 1,
  padding: 'valid',
  activation: 'relu',
  weights: weightSite(weights),
  activations: activationSite(activations),
});

const pool: LayerSpec = { kind: 'maxPool2d', size: 2 };
const floatBits = bitWidths[0];

export interface NetworkPreset {
  label: string;
  help: string;
  /** Whether it can be used with inputs of this kind. */
  images: boolean;
  layers: LayerSpec[];
}

/**
 * The points' networks start at 3 bits, weights at both ends at 8: PTQ loses a lot there and QAT holds over long runs; logits stay
 * accumulators.
 */
export const networkPresets = {
  mlp: {
    label: 'MLP 32-32-16',
    help: 'Three dense layers, then one unit for each class.',
    images: false,
    layers: [dense(32, 8, 3), dense(32, 3, 3), dense(16, 3, 3), dense(undefined, 8, floatBits)],
  },
  smallMlp: {
    label: 'MLP 16-16',
    help: 'Small enough to watch single weights.',
    images: false,
    layers: [dense(16, 8, 3), dense(16, 3, 3), dense(undefined, 8, floatBits)],
  },
  wideMlp: {
    label: 'MLP 128-64',
    help: 'Two dense layers; for images and tables.',
    images: false,
    layers: [dense(128, 4, 4), dense(64, 4, 4), dense(undefined, 8, floatBits)],
  },
  cnn: {
    label: 'CNN 8-16',
    help: 'Two 3×3 convolutions with pooling, then one dense layer.',
    images: true,
    layers: [conv(8, 4, 4), pool, conv(16, 4, 4), pool, dense(undefined, 4, floatBits)],
  },
} satisfies Record<string, NetworkPreset>;
export type NetworkPresetName = keyof typeof networkPresets;

/** The network that a dataset starts with. */
export const presetFor = (dataset: DatasetSpec): NetworkPresetName => {
  const { view, inputShape } = datasetInfo(dataset);
  if (view === 'images') return (inputShape[0] ?? 0) >= 12 && (inputShape[1] ?? 0) >= 12 ? 'cnn' : 'wideMlp';
  return view === 'points' ? 'smallMlp' : 'mlp';
};

/** The presets that fit a dataset. */
export const presetsFor = (dataset: DatasetSpec): NetworkPresetName[] =>
  (Object.keys(networkPresets) as NetworkPresetName[]).filter(
    (name) => !networkPresets[name].images || presetFor(dataset) === 'cnn',
  );

/** An experiment on this dataset with the settings that suit it. */
export function experimentFor(dataset: DatasetSpec, seed = 42): Experiment {
  const images = datasetInfo(dataset).view === 'images';
  return {
    version: 1,
    seed,
    dataset,
    input: activationSite(8),
    layers: networkPresets[presetFor(dataset)].layers,
    optimizer: { kind: 'adam', learningRate: images ? 0.003 : 0.004 },
    batchSize: images ? 64 : 32,
    stop: {},
    changes: [],
  };
}

export const defaultExperiment: Experiment = experimentFor(datasetKinds.spirals.defaults);
