/** Sites whose scales, or whose grid, are not in their params and settings: how they are seen all the same. */
import { blockCount, blockFormats } from '@/catalog/formats';
import { blockScales } from '@/quant/formats/blocks';
import type { Site } from './siteStatistics';

/**
 * The settings of a site whose width is learned, with the ends of its present grid, and that width.
 * @param learned width and log2 of the clip
 */
export function atLearnedWidth(settings: Float32Array, [learned = 0]: Float32Array) {
  const widest = settings[1]!;
  const steps = Math.min(Math.max(2 ** (learned - 1) - 1, 1), widest);
  const present = Float32Array.from(settings);
  present[0] = -Math.round(steps);
  present[1] = Math.round(steps);
  return { settings: present, width: Math.log2(steps + 1) + 1 };
}

/** A site whose scales belong to blocks and are in the values: each value gets the scale of its block. */
export function withBlockScales(
  site: Site,
  shape: readonly number[],
  blocks: keyof typeof blockFormats,
): Site {
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

/**
 * A site whose scales belong to groups or rows and are in the values: each value gets the params that made it.
 * @param own [4, columns], a column for each value or for as many that follow each other
 */
export function withOwnParams(site: Site, own: Float32Array, columns: number, scales: number): Site {
  const count = site.latent.length;
  const each = count / columns;
  const params = Float32Array.from(
    { length: 4 * count },
    (_, i) => own[Math.floor(i / count) * columns + Math.floor((i % count) / each)]!,
  );
  const levels = site.levels.map((value, i) => Math.round(value / params[i]!));
  return { ...site, levels, params, channels: count, scales };
}
