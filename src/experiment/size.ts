/**
 * Model size in bytes: exactly that of the packed file. Each tensor is packed at its bits and padded to a byte; scales
 * are float32, activation zero points uint8 (symmetric weights and float formats have none); the scales of block formats
 * are a byte a block; a quantized layer's biases are int32, and float32 beside a float format; what stays float is
 * float32.
 */
import { blockCount, blockFormats } from '@/catalog/formats';
import type { WeightedLayerSpec } from '@/catalog/layers';
import { volume } from '@/catalog/layers';
import {
  type ActivationSite,
  activationBits,
  activationQuantizerOf,
  type WeightSite,
  weightBits,
  weightQuantizerOf,
} from '@/catalog/quantizers';
import { type ResolvedLayer, resolveNetwork, weightedLayers } from './network';
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
  const spec = layer.spec as WeightedLayerSpec;
  const count = volume(layer.weightShape);
  const channels = layer.weightShape.at(-1) ?? 0;
  const bits = weightBits(spec.weights);
  const weights = Math.ceil((count * bits) / 8);
  const biases = 4 * channels;
  const scales = weightScaleBytes(spec.weights, layer.weightShape) + activationSiteBytes(spec.activations);
  return {
    name: layer.name,
    weights,
    biases,
    scales,
    total: weights + biases + scales,
    float: 4 * (count + channels),
  };
}

const sum = (layers: readonly LayerSize[], key: keyof Omit<LayerSize, 'name'>): number =>
  layers.reduce((total, layer) => total + layer[key], 0);

export function modelSize(experiment: Pick<Experiment, 'dataset' | 'layers' | 'input'>): ModelSize {
  const resolved = weightedLayers(resolveNetwork(experiment));
  const layers = resolved.map(layerSize);
  const input = activationSiteBytes(experiment.input);
  let incoming: number = activationBits(experiment.input);
  let bops = 0;
  for (const { spec, macs } of resolved) {
    const { weights, activations } = spec as WeightedLayerSpec;
    bops += macs * weightBits(weights) * incoming;
    incoming = activationBits(activations);
  }
  const scales = sum(layers, 'scales') + input;
  return {
    layers,
    input,
    weights: sum(layers, 'weights'),
    biases: sum(layers, 'biases'),
    scales,
    total: sum(layers, 'total') + input,
    float: sum(layers, 'float'),
    bops,
  };
}
