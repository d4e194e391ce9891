/** Looks into a run: how each site's values are spread, rounded and clipped; decision fields of 2-D data. */
import * as tf from '@tensorflow/tfjs-core';
import { blockCount, blockFormats } from '@/catalog/formats';
import { isWeighted } from '@/catalog/layers';
import {
  activationQuantizerOf,
  type QuantizerDescriptor,
  type SiteName,
  weightQuantizerOf,
} from '@/catalog/quantizers';
import { inputName, layerNames } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';
import { blockScales } from '@/quant/formats/blocks';
import { mode } from '@/quant/settings';
import { range, rowsOf } from './batches';
import { gridOf, type SeenGrid } from './grid';
import type { Fields, Histogram, LayerDetail, LayerSummary, NetworkName, SiteDetail } from './protocol';
import type { Trainer } from './trainer';

/** Test examples that activations are looked at on. */
const probeSamples = 256;
/** Values that statistics are taken from; larger tensors are sampled evenly. */
const maxValues = 2 ** 15;
const summaryBins = 34;
const detailBins = 72;
/** Widest grid whose levels are counted one by one. */
const countedLevels = 64;

interface Site {
  latent: Float32Array;
  /** q - zp of each latent value. */
  levels: Float32Array;
  /** [4, channels] */
  params: Float32Array;
  /** As many as values where scales belong to blocks. */
  channels: number;
  grid: SeenGrid;
  /** How many scales there are. */
  scales: number;
}

/** What the quantizer of a site says about itself. */
function quantizerOf({ layers, input }: Experiment, layer: string, site: SiteName): QuantizerDescriptor {
  const spec = layers[layerNames(layers).indexOf(layer)];
  if (site === 'weights' && spec && isWeighted(spec)) return weightQuantizerOf(spec.weights.quantizer);
  const { quantizer } = layer !== inputName && spec && isWeighted(spec) ? spec.activations : input;
  return activationQuantizerOf(quantizer);
}

/** A site whose scales belong to blocks and are in the values: each value gets the scale of its block. */
function withBlockScales(site: Site, shape: readonly number[], blocks: keyof typeof blockFormats): Site {
  const scales = blockScales(site.latent, shape, blockFormats[blocks]);
  const count = scales.length;
  const params = new Float32Array(4 * count);
  params.set(scales);
  params.set(
    scales.map((scale) => 1 / scale),
    count,
  );
  return {
    ...site,
    levels: site.levels.map((value, i) => value / scales[i]!),
    params,
    channels: count,
    scales: blockCount(blockFormats[blocks], shape),
  };
}

/** Every site of the QAT network, by layer and kind, on the first test examples. */
async function sites(trainer: Trainer): Promise<Map<string, { weights?: Site; activations?: Site }>> {
  const { test, inputShape } = trainer.dataset;
  const batch = rowsOf(test, inputShape, range(0, Math.min(probeSamples, test.count)));
  const tapped: { layer: string; site: 'weights' | 'activations'; tensors: tf.Tensor[]; channels: number }[] =
    [];
  tf.tidy(() => {
    trainer.logits('qat', batch.x, (layer, site, latent, { values, params }, settings) => {
      const tensors = [latent, values, params, settings].map((t) => tf.keep(tf.clone(t)));
      tapped.push({ layer, site, tensors, channels: params.shape[1] });
    });
  });
  tf.dispose([batch.x, batch.y]);
  const found = new Map<string, { weights?: Site; activations?: Site }>();
  for (const { layer, site, tensors, channels } of tapped) {
    const [latent, levels, params, settings] = (await Promise.all(tensors.map((t) => t.data()))) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const { shape } = tensors[0]!;
    tf.dispose(tensors);
    const { format, blocks } = quantizerOf(trainer.present, layer, site);
    const grid = gridOf(settings, format);
    const seen: Site = {
      latent: onGrid(latent, params, channels, settings),
      levels,
      params,
      channels,
      grid,
      scales: settings[3] === 0 ? 1 : channels,
    };
    const whole = blocks && grid.levels > 0 ? withBlockScales(seen, shape, blocks) : seen;
    found.set(layer, { ...found.get(layer), [site]: whole });
  }
  return found;
}

/** The values as they lie on the grid: DoReFa's pass tanh and are divided by the largest before they are rounded. */
function onGrid(
  latent: Float32Array,
  params: Float32Array,
  channels: number,
  [, qmax = 0, kind]: Float32Array,
): Float32Array {
  if (kind !== mode.tanh) return latent;
  return latent.map((value, i) => (Math.tanh(value) * 2 * params[channels + (i % channels)]!) / qmax);
}

/** Calls back for an even sample of a site's values. */
function forEachValue(site: Site, visit: (latent: number, level: number, channel: number) => void): number {
  const { latent, levels, channels } = site;
  // A stride that shares no factor with the channel count visits every channel.
  let stride = Math.max(1, Math.floor(latent.length / maxValues));
  while (stride > 1 && channels % stride === 0) stride--;
  let count = 0;
  for (let i = 0; i < latent.length; i += stride, count++) visit(latent[i]!, levels[i]!, i % channels);
  return count;
}

export function histogramOf(site: Pick<Site, 'latent'>, bins: number): Histogram {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of site.latent) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const counts = new Array<number>(bins).fill(0);
  if (!(Number.isFinite(min) && Number.isFinite(max))) return { min: 0, max: 1, counts };
  if (min === max) max = min + (Math.abs(min) || 1);
  const perUnit = bins / (max - min);
  for (const value of site.latent) counts[Math.min(bins - 1, Math.floor((value - min) * perUnit))]!++;
  return { min, max, counts };
}

interface Rounding {
  sqnrDb: number;
  clippedShare: number;
}

/** Signal-to-quantization-noise ratio in dB and the share of values beyond the outermost rounding thresholds. */
export function roundingOf(site: Site): Rounding {
  const { params, channels, grid } = site;
  if (grid.levels === 0) return { sqnrDb: Number.POSITIVE_INFINITY, clippedShare: 0 };
  let signal = 0;
  let noise = 0;
  let clipped = 0;
  const count = forEachValue(site, (latent, level, channel) => {
    const error = latent - level * params[channel]!;
    signal += latent * latent;
    noise += error * error;
    if (grid.isClipped(latent * params[channels + channel]! + params[2 * channels + channel]!)) clipped++;
  });
  return {
    sqnrDb: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise),
    clippedShare: clipped / count,
  };
}

function detailOf(site: Site): SiteDetail {
  const { params, channels, grid } = site;
  const scales = params.subarray(0, channels);
  const widest = scales.indexOf(scales.reduce((a, b) => Math.max(a, b)));
  const zeroPoint = params[2 * channels + widest]!;
  const counts = new Array<number>(grid.levels > countedLevels ? 0 : grid.levels).fill(0);
  let meanAbs = 0;
  const count = forEachValue(site, (latent, level, channel) => {
    meanAbs += Math.abs(latent);
    const index = grid.indexOf(level + params[2 * channels + channel]!);
    if (index >= 0 && index < counts.length) counts[index]!++;
  });
  return {
    histogram: histogramOf(site, detailBins),
    bits: grid.bits,
    scale: scales[widest]!,
    zeroPoint,
    qmin: grid.qmin,
    qmax: grid.qmax,
    ...(grid.format ? { format: grid.format } : {}),
    scales: site.scales,
    levelShares: counts.map((n) => n / count),
    meanAbs: meanAbs / count,
    ...roundingOf(site),
  };
}

/** What the desk shows of every layer, and the detail of one. */
export async function inspect(
  trainer: Trainer,
  selected: string | undefined,
): Promise<{ layers: LayerSummary[]; detail?: LayerDetail }> {
  const found = await sites(trainer);
  const layers = [...found].map(
    ([name, { weights, activations }]): LayerSummary => ({
      name,
      ...(weights && { weights: { histogram: histogramOf(weights, summaryBins), ...roundingOf(weights) } }),
      ...(activations && { activations: roundingOf(activations) }),
    }),
  );
  const chosen = selected === undefined ? undefined : found.get(selected);
  if (!selected || !chosen) return { layers };
  const { weights, activations } = chosen;
  return {
    layers,
    detail: {
      name: selected,
      ...(weights && { weights: detailOf(weights) }),
      ...(activations && { activations: detailOf(activations) }),
    },
  };
}

/** Points along one side of a decision field, and half its width in the data's units. */
const fieldSize = 56;

/** The decision fields of 2-D data with two classes; the value is the probability of class 1. */
export class FieldPainter {
  private readonly grid: tf.Tensor2D;

  constructor(
    private readonly trainer: Trainer,
    readonly extent: number,
  ) {
    const at = (i: number) => (((i + 0.5) / fieldSize) * 2 - 1) * extent;
    const points = new Float32Array(2 * fieldSize * fieldSize);
    for (let row = 0, k = 0; row < fieldSize; row++)
      for (let column = 0; column < fieldSize; column++) {
        points[k++] = at(column);
        points[k++] = -at(row);
      }
    this.grid = tf.tensor2d(points, [fieldSize * fieldSize, 2]);
  }

  async paint(names: readonly NetworkName[]): Promise<Fields> {
    const pixels: Fields['pixels'] = {};
    for (const name of names) {
      const logits = tf.tidy(() => this.trainer.logits(name, this.grid));
      const values = await logits.data();
      logits.dispose();
      pixels[name] = Uint8Array.from({ length: fieldSize * fieldSize }, (_, i) =>
        Math.round(255 / (1 + Math.exp(values[2 * i]! - values[2 * i + 1]!))),
      );
    }
    return { size: fieldSize, extent: this.extent, pixels };
  }

  dispose(): void {
    this.grid.dispose();
  }
}
