/** Network presets and the experiment that a first visit opens with. */

import { type Bits, bitWidths } from '@/catalog/bits';
import { type DatasetInfo, type DatasetSpec, datasetInfo, datasetKinds } from '@/catalog/datasets';
import { type Attention, type Conv2d, type Dense, type LayerSpec, layerKinds } from '@/catalog/layers';
import { activationSite, weightSite } from '@/catalog/quantizers';
import type { Experiment } from './schema';

const dense = (units: number | undefined, weights: Bits, activations: Bits): Dense => ({
  kind: 'dense',
  ...(units === undefined ? {} : { units }),
  norm: 'none',
  activation: units === undefined ? 'linear' : 'relu',
  weights: weightSite(weights),
  activations: activationSite(activations),
});

const conv = (filters: number, weights: Bits, activations: Bits, more: Partial<Conv2d> = {}): Conv2d => ({
  kind: 'conv2d',
  filters,
  kernelSize: 3,
  stride: 1,
  padding: 'valid',
  norm: 'none',
  activation: 'relu',
  weights: weightSite(weights),
  activations: activationSite(activations),
  ...more,
});

const pool: LayerSpec = { kind: 'maxPool2d', size: 2 };
const floatBits = bitWidths[0];

/** A 3x3 filter for each channel, then a 1x1 convolution over all of them (Howard 2017). */
const separable = (filters: number, stride: number): LayerSpec[] => [
  { ...layerKinds.depthwiseConv2d.defaults, stride, norm: 'batch' },
  conv(filters, 4, 4, { kernelSize: 1, norm: 'batch' }),
];
const normed = { padding: 'same', norm: 'batch' } as const;
/** Two convolutions and a path around them (He 2015). */
const residual = (filters: number, stride: number): LayerSpec[] => [
  conv(filters, 4, 4, { ...normed, stride }),
  conv(filters, 4, 4, { ...normed, activation: 'linear' }),
  stride === 1 ? { ...layerKinds.add.defaults, span: 2 } : { ...layerKinds.addProjected.defaults, span: 2 },
];

/** Attention and a feed-forward block, each after layer norm and with a path around it (Vaswani 2017, Xiong 2020). */
const transformerBlock = (width: number, direction: Attention['direction']): LayerSpec[] => [
  layerKinds.layerNorm.defaults,
  { ...layerKinds.attention.defaults, direction },
  { ...layerKinds.add.defaults, span: 2, activation: 'linear' },
  layerKinds.layerNorm.defaults,
  { ...dense(2 * width, 8, 8), activation: 'gelu' },
  { ...dense(width, 8, 8), activation: 'linear' },
  { ...layerKinds.add.defaults, span: 3, activation: 'linear' },
];

export interface NetworkPreset {
  label: string;
  help: string;
  /** What the page says about it for as long as it is chosen. */
  note?: string;
  /** Whether it can be used with such data. */
  fits(info: DatasetInfo): boolean;
  layers: LayerSpec[];
}

const side = ({ view, inputShape }: DatasetInfo) =>
  view === 'images' ? Math.min(inputShape[0] ?? 0, inputShape[1] ?? 0) : 0;
const hasNumbers = ({ view }: DatasetInfo) => view !== 'text';
const largeImages = (info: DatasetInfo) => side(info) >= 12;
const images = (info: DatasetInfo) => side(info) > 0;
const text = ({ view }: DatasetInfo) => view === 'text';

/**
 * The points' networks start at 3 bits, weights at both ends at 8: PTQ loses a lot there and QAT holds over long runs; logits stay
 * accumulators.
 */
export const networkPresets = {
  mlp: {
    label: 'MLP 32-32-16',
    help: 'Three dense layers, then one unit for each class.',
    fits: hasNumbers,
    layers: [dense(32, 8, 3), dense(32, 3, 3), dense(16, 3, 3), dense(undefined, 8, floatBits)],
  },
  smallMlp: {
    label: 'MLP 16-16',
    help: 'Small enough to watch single weights.',
    fits: hasNumbers,
    layers: [dense(16, 8, 3), dense(16, 3, 3), dense(undefined, 8, floatBits)],
  },
  wideMlp: {
    label: 'MLP 128-64',
    help: 'Two dense layers; for images and tables.',
    fits: hasNumbers,
    layers: [dense(128, 4, 4), dense(64, 4, 4), dense(undefined, 8, floatBits)],
  },
  cnn: {
    label: 'CNN 8-16',
    help: 'Two 3×3 convolutions with pooling, then one dense layer.',
    fits: largeImages,
    layers: [conv(8, 4, 4), pool, conv(16, 4, 4), pool, dense(undefined, 4, floatBits)],
  },
  depthwise: {
    label: 'Depthwise CNN',
    help: 'A 3×3 filter for each channel, then a 1×1 convolution over all of them: few weights, few MACs.',
    note: 'Quantizes badly: a depthwise filter has nine weights and no sum over channels that averages errors out, and folded batch norm spreads the channels’ ranges far apart. At 4 bits PTQ loses most of its accuracy; QAT wins most of that back.',
    fits: largeImages,
    layers: [
      conv(16, 8, 4, normed),
      pool,
      ...separable(32, 1),
      ...separable(48, 2),
      layerKinds.globalAveragePool.defaults,
      dense(undefined, 8, floatBits),
    ],
  },
  resnet: {
    label: 'Mini-ResNet',
    help: 'Two residual blocks with batch norm. The sums along the paths have a grid of their own.',
    fits: largeImages,
    layers: [
      conv(12, 8, 4, normed),
      pool,
      ...residual(12, 1),
      ...residual(24, 2),
      layerKinds.globalAveragePool.defaults,
      dense(undefined, 8, floatBits),
    ],
  },
  gru: {
    label: 'GRU over rows',
    help: 'Reads the image row by row into a hidden state of 64 units. The state is rounded at every row.',
    fits: images,
    layers: [
      layerKinds.rows.defaults,
      { ...layerKinds.gru.defaults, units: 64 },
      dense(undefined, 8, floatBits),
    ],
  },
  lstm: {
    label: 'LSTM over rows',
    help: 'Reads the image row by row, with a cell that remembers beside the hidden state of 64 units.',
    fits: images,
    layers: [
      layerKinds.rows.defaults,
      { ...layerKinds.lstm.defaults, units: 64 },
      dense(undefined, 8, floatBits),
    ],
  },
  transformer: {
    label: 'Transformer over rows',
    help: 'Every row of the image attends to every other; the mean over rows is classified.',
    fits: images,
    layers: [
      layerKinds.rows.defaults,
      { ...dense(32, 8, 8), activation: 'linear' },
      layerKinds.positions.defaults,
      ...transformerBlock(32, 'both'),
      layerKinds.layerNorm.defaults,
      layerKinds.globalAveragePool.defaults,
      dense(undefined, 8, floatBits),
    ],
  },
  characters: {
    label: 'Character transformer',
    help: 'Goes on with a text symbol by symbol: two causal blocks over 64 features.',
    fits: text,
    layers: [
      { ...layerKinds.embedding.defaults, features: 64 },
      ...transformerBlock(64, 'causal'),
      ...transformerBlock(64, 'causal'),
      layerKinds.layerNorm.defaults,
      dense(undefined, 8, floatBits),
    ],
  },
} satisfies Record<string, NetworkPreset>;
export type NetworkPresetName = keyof typeof networkPresets;

/** The network that a dataset starts with. */
export const presetFor = (dataset: DatasetSpec): NetworkPresetName => {
  const info = datasetInfo(dataset);
  if (info.view === 'text') return 'characters';
  if (info.view === 'images') return largeImages(info) ? 'cnn' : 'wideMlp';
  return info.view === 'points' ? 'smallMlp' : 'mlp';
};

/** The presets that fit a dataset. */
export function presetsFor(dataset: DatasetSpec): NetworkPresetName[] {
  const info = datasetInfo(dataset);
  return (Object.keys(networkPresets) as NetworkPresetName[]).filter((name) =>
    networkPresets[name].fits(info),
  );
}

/** An experiment on this dataset with the settings that suit it. */
export function experimentFor(dataset: DatasetSpec, seed = 42): Experiment {
  const { view } = datasetInfo(dataset);
  const points = view === 'points' || view === 'table';
  return {
    version: 1,
    seed,
    dataset,
    input: activationSite(8),
    layers: networkPresets[presetFor(dataset)].layers,
    optimizer: { kind: 'adam', learningRate: points ? 0.004 : 0.003 },
    batchNorm: 'batch',
    batchSize: points ? 32 : 64,
    stop: {},
    changes: [],
  };
}

export const defaultExperiment: Experiment = experimentFor(datasetKinds.spirals.defaults);
