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
  siteBits,
  tensorKindOf,
  type WeightSite,
  weightBits,
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

/** Scale (float32) and, on an integer grid, zero point (uint8) of one activation tensor. */
function activationSiteBytes(site: ActivationSite): number {
  if (activationBits(site) === 32) return 0;
  return activationQuantizerOf(site.quantizer).format ? 4 : 4 + 1;
}

/** Scales of a weight tensor: one or one a channel as float32, or those of its blocks. */
function weightScaleBytes(site: WeightSite, shape: readonly number[]): number {
  if (weightBits(site) === 32) return 0;
  const { blocks } = weightQuantizerOf(site.quantizer);
  if (!blocks) return 4 * (site.granularity === 'channel' ? (shape.at(-1) ?? 0) : 1);
  const format = blockFormats[blocks];
  return Math.ceil((blockCount(format, shape) * format.scaleBits) / 8);
}

function layerSize(layer: ResolvedLayer): LayerSize {
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
    size.weights += Math.ceil((volume(shape) * weightBits(site)) / 8);
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
function bitOperations(layers: readonly ResolvedLayer[], input: number): number {
  let incoming = input;
  let total = 0;
  for (const { spec, products, sites } of layers) {
    const bits = (name: Exclude<(typeof products)[number]['left' | 'right'], 'input'>) => {
      const site = siteAt(spec, name);
      return site ? siteBits(name, site) : 32;
    };
    for (const { macs, left, right } of products)
      total += macs * (left === 'input' ? incoming : bits(left)) * bits(right);
    if (sites.length > 0) incoming = bits('activations');
  }
  return total;
}

export function modelSize(experiment: Pick<Experiment, 'dataset' | 'layers' | 'input'>): ModelSize {
  const resolved = resolveNetwork(experiment);
  const layers = roundingLayers(resolved).map(layerSize);
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
    bops: bitOperations(resolved, rounded ? activationBits(experiment.input) : 32),
  };
}
