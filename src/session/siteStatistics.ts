/** What is measured of one site's values: their spread, their levels, and what rounding does to them. */
import type { Estimator } from '@/catalog/quantizers';
import type { SeenGrid } from './grid';
import type { Histogram, Oscillation, Parameters, SiteDetail, SiteSummary } from './protocol';

/** Values that statistics are taken from; larger tensors are sampled evenly. */
const maxValues = 2 ** 15;
const detailBins = 72;
/** Widest grid whose levels are counted one by one. */
const countedLevels = 64;
/** Noise power over signal power that float32 arithmetic leaves by itself; nothing was lost below it. */
const float32Noise = 2 ** -44;
/** Weights that must share a scale before one of them can be called an outlier. */
const leastShared = 16;

export interface Site {
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
  passes: SiteDetail['passes'];
  estimator: Estimator;
  parameters: Parameters;
  /** Of weights that are watched. */
  oscillation?: Oscillation;
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

export function histogramOf(values: Float32Array, bins: number): Histogram {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const counts = new Array<number>(bins).fill(0);
  if (!(Number.isFinite(min) && Number.isFinite(max))) return { min: 0, max: 1, counts };
  if (min === max) max = min + (Math.abs(min) || 1);
  const perUnit = bins / (max - min);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - min) * perUnit))]!++;
  return { min, max, counts };
}

interface Rounding {
  sqnrDb: number;
  clippedShare: number;
  /** Of it, below the grid. */
  clippedBelow: number;
}

/** Signal-to-quantization-noise ratio in dB and the share of values beyond the outermost rounding thresholds. */
function roundingOf(site: Site): Rounding {
  const { params, channels, grid } = site;
  if (grid.levels === 0) return { sqnrDb: Number.POSITIVE_INFINITY, clippedShare: 0, clippedBelow: 0 };
  const middle = (grid.qmin + grid.qmax) / 2;
  let signal = 0;
  let noise = 0;
  let below = 0;
  let above = 0;
  const count = forEachValue(site, (latent, level, channel) => {
    const error = latent - level * params[channel]!;
    signal += latent * latent;
    noise += error * error;
    const position = latent * params[channels + channel]! + params[2 * channels + channel]!;
    if (!grid.isClipped(position)) return;
    if (position < middle) below++;
    else above++;
  });
  return {
    sqnrDb: noise <= signal * float32Noise ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise),
    clippedShare: (below + above) / count,
    clippedBelow: below / count,
  };
}

/** Share of the values on each level. */
function levelSharesOf(site: Site): number[] {
  const { params, channels, grid } = site;
  const counts = new Array<number>(grid.levels).fill(0);
  const count = forEachValue(site, (_latent, level, channel) => {
    const index = grid.indexOf(level + params[2 * channels + channel]!);
    if (index >= 0 && index < counts.length) counts[index]!++;
  });
  return counts.map((n) => n / count);
}

/** The largest of some magnitudes over the value that all but a thousandth, and at least one, lie at or below. */
function reachOverRest(magnitudes: Float32Array): number {
  const largest = magnitudes.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0) return 1;
  const stride = Math.ceil(magnitudes.length / maxValues);
  const sample = stride === 1 ? magnitudes : magnitudes.filter((_, i) => i % stride === 0);
  const above = Math.max(1, Math.ceil(sample.length / 1000));
  return largest / sample.toSorted()[sample.length - 1 - above]!;
}

/** See SiteSummary.outlier. */
export function outlierOf({
  latent,
  channels,
  scales,
}: Pick<Site, 'latent' | 'channels' | 'scales'>): number {
  const groups = scales === 1 ? 1 : channels;
  const size = latent.length / groups;
  if (groups !== scales || size < leastShared) return 1;
  const ratios = Array.from({ length: groups }, (_, group) =>
    reachOverRest(Float32Array.from({ length: size }, (_, i) => Math.abs(latent[group + i * groups]!))),
  );
  return ratios.sort((a, b) => a - b)[Math.floor((groups - 1) / 2)]!;
}

/** What the desk shows of a site, and traps are recognised by. */
export function summaryOf(site: Site, outlier = 1): SiteSummary {
  const { sqnrDb, clippedShare } = roundingOf(site);
  const fullestShare = Math.max(0, ...levelSharesOf(site));
  const { share, frozen } = site.oscillation ?? {};
  return {
    sqnrDb,
    clippedShare,
    parameters: site.parameters,
    fullestShare,
    outlier,
    ...(share !== undefined && frozen !== undefined ? { oscillation: { share, frozen } } : {}),
  };
}

export function detailOf(site: Site): SiteDetail {
  const { params, channels, grid, passes, estimator, parameters } = site;
  const scales = params.subarray(0, channels);
  const widest = scales.indexOf(scales.reduce((a, b) => Math.max(a, b)));
  let meanAbs = 0;
  const count = forEachValue(site, (latent) => {
    meanAbs += Math.abs(latent);
  });
  return {
    histogram: histogramOf(site.latent, detailBins),
    bits: grid.bits,
    scale: scales[widest]!,
    inverse: params[channels + widest]!,
    zeroPoint: params[2 * channels + widest]!,
    qmin: grid.qmin,
    qmax: grid.qmax,
    spacing: grid.spacing,
    ...(grid.format ? { format: grid.format } : {}),
    passes,
    estimator,
    parameters,
    scales: site.scales,
    levelShares: grid.levels > countedLevels ? [] : levelSharesOf(site),
    meanAbs: meanAbs / count,
    ...roundingOf(site),
    ...(site.oscillation ? { oscillation: site.oscillation } : {}),
  };
}
