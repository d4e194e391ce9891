/**
 * Model size in bytes: exactly that of the packed file. Each tensor is packed at its bits and padded to a byte; scales
 * are float32, activation zero points uint8 (symmetric weights and float formats have none); the scales of block formats
 * are a byte a block; a quantized layer's biases are int32, and float32 beside a float format; what stays float is
 * float32.
 */
import { blockCount, blockFormats } from '@/catalog/formats';
import { siteAt, volume } from '@/catalog/layers';
import {
  type ActivationSite,
  activationBits,
  activationQuantizerOf,
  groupSizeOf,
  type SiteName,
  siteBits,
  storedBits,
  tensorKindOf,
  type WeightSite,
  weightBits,
  weightGranularity,
  weightQuantizerOf,
} from '@/catalog/quantizers';
import { type ResolvedLayer, resolveNetwork, roundingLayers, roundsInput } from './network';
import type { Experiment } from './schema';

export interface LayerSize {
  name: string;
  weights: number;
  biases: number;
  /** Scales and zero points, of the weights and of the layer's output. */
  scales: number;
  /** Sum of the above. */
  total: number;
  /** The same layer in float32. */
  float: number;
}
export interface ModelSize extends Omit<LayerSize, 'name'> {
  /** Bytes of the input's scale and zero point; part of `scales`. */
  input: number;
  layers: LayerSize[];
  /** Bit operations for one sample: MACs x weight bits x input activation bits (32 for float). */
  bops: number;
}

/**
 * Present widths of weights that learn theirs, in bits, by "<layer>/<site>". A site that is not among them counts with the
 * most it may have.
 */
export type LearnedWidths = Readonly<Record<string, number>>;

/** What is reported of a layer, as far as widths go: `bits` where a site learns its own. */
interface Reported {
  name: string;
  sites: Readonly<Record<string, { parameters: { bits?: number } } | undefined>>;
}
const nothingLearned: LearnedWidths = {};

/** The widths among what is reported of layers; the same object where nothing is learned. */
export function learnedWidths(layers: readonly Reported[]): LearnedWidths {
  const found = layers.flatMap(({ name, sites }) =>
    Object.entries(sites).flatMap(([site, summary]): [string, number][] => {
      const width = summary?.parameters.bits;
      return width === undefined ? [] : [[`${name}/${site}`, width]];
    }),
  );
  return found.length === 0 ? nothingLearned : Object.fromEntries(found);
}

/** The width that a site's weights have now. */
function presentBits(layer: string, name: SiteName, site: WeightSite, widths: LearnedWidths): number {
  const most = weightBits(site);
  const width = widths[`${layer}/${name}`];
  const learns = most !== 32 && weightQuantizerOf(site.quantizer).learnsBits;
  return learns && width !== undefined ? Math.min(most, storedBits(width)) : most;
}

/**
 * Scale (float32) and, on an integer grid, zero point (uint8) of one activation tensor; none where they are found at run
 * time.
 */
function activationSiteBytes(site: ActivationSite): number {
  const { format, dynamic } = activationQuantizerOf(site.quantizer);
  if (activationBits(site) === 32 || dynamic) return 0;
  return format ? 4 : 4 + 1;
}

/** Scales of a weight tensor: one, one a channel or one a group as float32, or those of its blocks. */
function weightScaleBytes(site: WeightSite, shape: readonly number[]): number {
  if (weightBits(site) === 32) return 0;
  const { blocks } = weightQuantizerOf(site.quantizer);
  const granularity = weightGranularity(site);
  const groupSize = groupSizeOf(granularity);
  if (groupSize) return 4 * blockCount({ blockSize: groupSize }, shape);
  if (!blocks) return 4 * (granularity === 'channel' ? (shape.at(-1) ?? 0) : 1);
  const format = blockFormats[blocks];
  return Math.ceil((blockCount(format, shape) * format.scaleBits) / 8);
}

function layerSize(layer: ResolvedLayer, widths: LearnedWidths): LayerSize {
  const size = { weights: 0, biases: 0, scales: 0 };
  let count = 0;
  for (const { shape, site: name, stored } of layer.tensors) {
    if (stored === false) continue;
    count += volume(shape);
    const site = name && siteAt(layer.spec, name);
    if (!site) {
      size.biases += 4 * volume(shape);
      continue;
    }
    size.weights += Math.ceil(
      (volume(shape) * presentBits(layer.name, name, site as WeightSite, widths)) / 8,
    );
    size.scales += weightScaleBytes(site, shape);
  }
  for (const name of layer.sites)
    if (tensorKindOf(name) === 'activations')
      size.scales += activationSiteBytes(siteAt(layer.spec, name) as ActivationSite);
  const { weights, biases, scales } = size;
  return { name: layer.name, ...size, total: weights + biases + scales, float: 4 * count };
}

const sum = (layers: readonly LayerSize[], key: keyof Omit<LayerSize, 'name'>): number =>
  layers.reduce((total, layer) => total + layer[key], 0);

/** Bit operations for one sample: multiply-accumulates times the bits of both operands. */
function bitOperations(layers: readonly ResolvedLayer[], input: number, widths: LearnedWidths): number {
  let incoming = input;
  let total = 0;
  for (const { name: layer, spec, products, sites } of layers) {
    const bits = (name: Exclude<(typeof products)[number]['left' | 'right'], 'input'>) => {
      const site = siteAt(spec, name);
      if (!site) return 32;
      return tensorKindOf(name) === 'weights'
        ? presentBits(layer, name, site as WeightSite, widths)
        : siteBits(name, site);
    };
    for (const { macs, left, right } of products)
      total += macs * (left === 'input' ? incoming : bits(left)) * bits(right);
    if (sites.length > 0) incoming = bits('activations');
  }
  return total;
}

export function modelSize(
  experiment: Pick<Experiment, 'dataset' | 'layers' | 'input'>,
  widths: LearnedWidths = {},
): ModelSize {
  const resolved = resolveNetwork(experiment);
  const layers = roundingLayers(resolved).map((layer) => layerSize(layer, widths));
  const rounded = roundsInput(experiment.dataset);
  const input = rounded ? activationSiteBytes(experiment.input) : 0;
  const scales = sum(layers, 'scales') + input;
  return {
    layers,
    input,
    weights: sum(layers, 'weights'),
    biases: sum(layers, 'biases'),
    scales,
    total: sum(layers, 'total') + input,
    float: sum(layers, 'float'),
    bops: bitOperations(resolved, rounded ? activationBits(experiment.input) : 32, widths),
  };
}
