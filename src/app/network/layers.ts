/** Questions that the desk asks of a list of layers, and edits of it. */
import type { Bits } from '@/catalog/bits';
import { isWeighted, type LayerSpec, type WeightedLayerSpec } from '@/catalog/layers';
import { activationBits, type SiteName, weightBits } from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import { type NetworkPresetName, networkPresets, presetsFor } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';

const weighted = (layers: readonly LayerSpec[]): WeightedLayerSpec[] => layers.filter(isWeighted);

/** The value that all agree on, or undefined. */
export function common<T>(values: readonly T[]): T | undefined {
  return values.length > 0 && values.every((value) => value === values[0]) ? values[0] : undefined;
}

/** Layers that "all layers" speaks to: every one for weights; for activations not the last, whose output are logits. */
export const addressed = (layers: readonly LayerSpec[], site: SiteName): WeightedLayerSpec[] =>
  site === 'weights' ? weighted(layers) : weighted(layers).slice(0, -1);

/** The width that one site of a layer really has. */
export const bitsAt = (spec: WeightedLayerSpec, site: SiteName): Bits =>
  site === 'weights' ? weightBits(spec.weights) : activationBits(spec.activations);

/** The bits that all addressed layers have, or undefined where they differ. */
export const commonBits = (layers: readonly LayerSpec[], site: SiteName): Bits | undefined =>
  common(addressed(layers, site).map((spec) => bitsAt(spec, site)));

/** Edits that give all addressed layers the same bits. */
export function editsForAll(layers: readonly LayerSpec[], site: SiteName, bits: Bits): Edit[] {
  const names = layerNames(layers);
  const chosen = new Set<LayerSpec>(addressed(layers, site));
  return layers.flatMap((spec, index): Edit[] =>
    chosen.has(spec) ? [{ kind: 'bits', layer: names[index]!, site, bits }] : [],
  );
}

export const inputEdit = (bits: Bits): Edit => ({
  kind: 'bits',
  layer: inputName,
  site: 'activations',
  bits,
});

/** The shape of a network without how it is rounded. */
const structure = (layers: readonly LayerSpec[]): string =>
  JSON.stringify(
    layers.map((spec) =>
      Object.entries({ ...spec, weights: 0, activations: 0 }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );

/** The preset that has these layers, whatever their bits. */
export const presetOf = ({
  dataset,
  layers,
}: Pick<Experiment, 'dataset' | 'layers'>): NetworkPresetName | undefined =>
  presetsFor(dataset).find((name) => structure(networkPresets[name].layers) === structure(layers));

/** A site's settings changed in every weighted layer. */
export const withSites = <S extends SiteName>(
  layers: readonly LayerSpec[],
  site: S,
  change: Partial<WeightedLayerSpec[S]>,
): LayerSpec[] =>
  layers.map((spec) => (isWeighted(spec) ? { ...spec, [site]: { ...spec[site], ...change } } : spec));

/** The layers with one moved by `by` places. */
export function moved(layers: readonly LayerSpec[], index: number, by: number): LayerSpec[] {
  const spec = layers[index];
  return spec ? layers.toSpliced(index, 1).toSpliced(index + by, 0, spec) : [...layers];
}

/** Where a new layer goes: before the last one; layers that need an image before the first that flattens it. */
export function placeFor(layers: readonly LayerSpec[], spec: LayerSpec): number {
  if (spec.kind === 'dense') return layers.length - 1;
  const flat = layers.findIndex((layer) => layer.kind === 'dense');
  return flat < 0 ? layers.length - 1 : flat;
}
