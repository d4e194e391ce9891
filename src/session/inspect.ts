/** Looks into a run: how each site's values are spread, rounded and clipped; decision fields of 2-D data. */
import * as tf from '@tensorflow/tfjs-core';
import { blockCount } from '@/catalog/formats';
import { siteAt } from '@/catalog/layers';
import {
  type ActivationSite,
  type Estimator,
  groupSizeOf,
  type QuantizerDescriptor,
  quantizerAt,
  type SiteName,
  tensorKindOf,
  type WeightSite,
  weightGranularity,
} from '@/catalog/quantizers';
import { layerNames, resolveNetwork } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';
import { mode, rules } from '@/quant/settings';
import { examplesAtOnce, range, rowsOf } from './batches';
import { gridOf } from './grid';
import type { NetworkName } from './networkNames';
import { OscillationWatch } from './oscillation';
import { atLearnedWidth, withBlockScales, withOwnParams } from './ownScales';
import { activationParameters, type SeenParams, weightParameters } from './parameters';
import type {
  Fields,
  Histogram,
  LayerDetail,
  LayerSummary,
  Parameters,
  SiteDetail,
  SiteSummary,
} from './protocol';
import { detailOf, histogramOf, outlierOf, type Site, summaryOf } from './siteStatistics';
import type { Trainer } from './trainer';

/** Test examples that activations are looked at on, fewer where a network makes a great many values of each. */
const probeSamples = 256;
const summaryBins = 34;
/** What a site's quantizer says about itself, the estimator in force, and what it works with. */
interface Chosen {
  quantizer: QuantizerDescriptor;
  estimator: Estimator;
  /** Weights in a group that has a scale. */
  groupSize: number | undefined;
  parameters(params: SeenParams, oneBit: boolean): Parameters;
}

function chosenAt({ layers, input }: Experiment, layer: string, name: SiteName): Chosen {
  const spec = layers[layerNames(layers).indexOf(layer)];
  const site = (spec && siteAt(spec, name)) ?? input;
  const quantizer = quantizerAt(name, site);
  return {
    quantizer,
    estimator: quantizer.estimator ?? site.estimator,
    groupSize:
      tensorKindOf(name) === 'weights' ? groupSizeOf(weightGranularity(site as WeightSite)) : undefined,
    parameters: (params, oneBit) =>
      tensorKindOf(name) === 'weights'
        ? weightParameters((site as WeightSite).quantizer, params, oneBit)
        : activationParameters((site as ActivationSite).quantizer, params),
  };
}

/** Each of a site's params as the mean over its scales. */
function meanParams(params: Float32Array, channels: number, settings: Float32Array): SeenParams {
  const mean = (row: number) =>
    params.subarray(row * channels, (row + 1) * channels).reduce((sum, value) => sum + value, 0) / channels;
  const [qmin = 0, qmax = 0] = settings;
  return { scale: mean(0), inverse: mean(1), zeroPoint: mean(2), qmin, qmax };
}

/** Where the gradient passes, by the rule in a site's settings. */
const passesOf: Readonly<Record<number, SiteDetail['passes']>> = {
  [rules.clip]: 'unclamped',
  [rules.lsq]: 'inside',
  [rules.lsqPlus]: 'inside',
  [rules.pact]: 'inside',
  [rules.closed]: 'closed',
  [rules.everywhere]: 'everywhere',
};

/** What a tap is given of a site, read. */
type Tapped = Record<'latent' | 'values' | 'params' | 'settings', Float32Array> &
  Partial<Record<'own' | 'learned', Float32Array>>;

type Sites = Partial<Record<SiteName, Site>>;

/** Every site of the QAT network, by layer and name, on the first test examples. */
async function sites(trainer: Trainer, watch: OscillationWatch): Promise<Map<string, Sites>> {
  const { test, inputShape } = trainer.dataset;
  const count = Math.min(probeSamples, examplesAtOnce(resolveNetwork(trainer.present)), test.count);
  const batch = rowsOf(test, inputShape, range(0, count));
  const tapped: { layer: string; site: SiteName; tensors: Record<string, tf.Tensor>; channels: number }[] =
    [];
  tf.tidy(() => {
    trainer.logits('qat', batch.x, (layer, site, latent, rounded, settings) => {
      const kept = Object.entries({ ...rounded, latent, settings }).map(([name, tensor]) => [
        name,
        tf.keep(tf.clone(tensor)),
      ]);
      const channels = rounded.params.shape[1];
      tapped.push({ layer, site, tensors: Object.fromEntries(kept), channels });
    });
  });
  tf.dispose([batch.x, batch.y]);
  const found = new Map<string, Sites>();
  for (const { layer, site, tensors, channels } of tapped) {
    const read = await Promise.all(
      Object.entries(tensors).map(async ([name, tensor]) => [name, await tensor.data()]),
    );
    const { latent, values: levels, params, own, learned, ...rest } = Object.fromEntries(read) as Tapped;
    const { shape } = tensors.latent!;
    tf.dispose(tensors);
    const { quantizer, estimator, groupSize, parameters } = chosenAt(trainer.present, layer, site);
    const { format, blocks } = quantizer;
    const { settings, width } =
      learned && rest.settings[2] !== mode.passThrough
        ? atLearnedWidth(rest.settings, learned)
        : { settings: rest.settings, width: undefined };
    const grid = gridOf(settings, format);
    const seen: Site = {
      latent: onGrid(latent, params, channels, settings),
      levels,
      params,
      channels,
      grid,
      scales: settings[3] === 0 ? 1 : channels,
      passes: passesOf[settings[4]!] ?? 'everywhere',
      estimator,
      parameters: {},
    };
    let whole = seen;
    if (blocks && grid.levels > 0) whole = withBlockScales(seen, shape, blocks);
    if (own && grid.levels > 0) {
      const columns = own.length / 4;
      const scales = groupSize ? blockCount({ blockSize: groupSize }, shape) : columns;
      whole = withOwnParams(seen, own, columns, scales);
    }
    if (grid.levels > 0)
      whole.parameters = parameters(
        { ...meanParams(whole.params, whole.channels, settings), ...(width !== undefined && { width }) },
        settings[2] === mode.signTimesMean,
      );
    const watched = await trainer.oscillation(layer, site)?.data();
    if (watched) whole.oscillation = watch.look(`${layer}/${site}`, watched as Float32Array, grid);
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

/**
 * What the desk shows of every layer, and the detail of one.
 * @param watch knows what was seen of the run before
 */
export async function inspect(
  trainer: Trainer,
  selected: string | undefined,
  watch = new OscillationWatch(),
): Promise<{ layers: LayerSummary[]; detail?: LayerDetail }> {
  const found = await sites(trainer, watch);
  const layers = [...found].map(([name, own]): LayerSummary => ({ name, sites: mapSites(own, summarised) }));
  const chosen = selected === undefined ? undefined : found.get(selected);
  if (selected === undefined || !chosen) return { layers };
  return { layers, detail: { name: selected, sites: mapSites(chosen, detailOf) } };
}

const mapSites = <T>(sites: Sites, make: (site: Site, name: SiteName) => T): Partial<Record<SiteName, T>> =>
  Object.fromEntries(
    Object.entries(sites).map(([name, site]) => [name, make(site, name as SiteName)]),
  ) as Partial<Record<SiteName, T>>;

const summarised = (site: Site, name: SiteName): SiteSummary & { histogram?: Histogram } =>
  tensorKindOf(name) === 'weights'
    ? { histogram: histogramOf(site.latent, summaryBins), ...summaryOf(site, outlierOf(site)) }
    : summaryOf(site);

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
