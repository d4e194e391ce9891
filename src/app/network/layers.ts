/** Questions that the desk asks of a list of layers, and edits of it. */
import type { Bits } from '@/catalog/bits';
import { type LayerSpec, siteAt, sitesOf, withSite } from '@/catalog/layers';
import {
  type ActivationSite,
  type AnySite,
  type SiteName,
  siteBits,
  type TensorKind,
  tensorKindOf,
  type WeightSite,
} from '@/catalog/quantizers';
import { inputName } from '@/experiment/changes';
import { layerNames, networkProblem } from '@/experiment/network';
import { type NetworkPresetName, networkPresets, presetsFor } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';

/** One site of a network. */
export interface Place {
  layer: string;
  name: SiteName;
  site: AnySite;
}

/** The value that all agree on, or undefined. */
export function common<T>(values: readonly T[]): T | undefined {
  return values.length > 0 && values.every((value) => value === values[0]) ? values[0] : undefined;
}

/** A stretch of layers, both ends included; all where it is absent. */
export interface Stretch {
  from: number;
  to: number;
}

/** Sites of a kind that "all layers" speaks to: of weights every one; of activations none of the last layer, the logits. */
export function addressed(layers: readonly LayerSpec[], kind: TensorKind, within?: Stretch): Place[] {
  const names = layerNames(layers);
  const specs = kind === 'weights' ? layers : layers.slice(0, -1);
  return specs.flatMap((spec, index) =>
    within && (index < within.from || index > within.to)
      ? []
      : sitesOf(spec)
          .filter((name) => tensorKindOf(name) === kind)
          .map((name) => ({ layer: names[index]!, name, site: siteAt(spec, name)! })),
  );
}

/** The width that one site of a layer really has; float where there is none. */
export const bitsAt = (spec: LayerSpec, name: SiteName): Bits => {
  const site = siteAt(spec, name);
  return site ? siteBits(name, site) : 32;
};

/** The bits that all addressed sites have, or undefined where they differ. */
export const commonBits = (
  layers: readonly LayerSpec[],
  kind: TensorKind,
  within?: Stretch,
): Bits | undefined => common(addressed(layers, kind, within).map(({ name, site }) => siteBits(name, site)));

/** Edits that give all addressed sites the same bits. */
export const editsForAll = (
  layers: readonly LayerSpec[],
  kind: TensorKind,
  bits: Bits,
  within?: Stretch,
): Edit[] =>
  addressed(layers, kind, within).map(({ layer, name }) => ({ kind: 'bits', layer, site: name, bits }));

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
      Object.entries(spec)
        .filter(([key]) => !sitesOf(spec).includes(key as SiteName))
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );

/** The preset that has these layers, whatever their bits. */
export const presetOf = ({
  dataset,
  layers,
}: Pick<Experiment, 'dataset' | 'layers'>): NetworkPresetName | undefined =>
  presetsFor(dataset).find((name) => structure(networkPresets[name].layers) === structure(layers));

/** The settings of every site of a kind changed. */
export const withSites = (
  layers: readonly LayerSpec[],
  kind: TensorKind,
  change: Partial<WeightSite> | Partial<ActivationSite>,
): LayerSpec[] =>
  layers.map((spec) =>
    sitesOf(spec)
      .filter((name) => tensorKindOf(name) === kind)
      .reduce(
        (next: LayerSpec, name) => withSite(next, name, { ...siteAt(next, name)!, ...change } as never),
        spec,
      ),
  );

const longestSpan = 12;
/** The layer with a residual path of another length, if it ends one. */
const withSpan = (spec: LayerSpec, change: number): LayerSpec =>
  'span' in spec ? { ...spec, span: Math.min(longestSpan, Math.max(1, spec.span + change)) } : spec;

/** The layers with one more, at `at`. Residual paths around that place still begin where they did. */
export const inserted = (layers: readonly LayerSpec[], at: number, spec: LayerSpec): LayerSpec[] => {
  const around = (other: LayerSpec, index: number) =>
    'span' in other && index >= at && index - other.span < at ? withSpan(other, 1) : other;
  return layers.map(around).toSpliced(at, 0, spec);
};

/** The layers without one. Residual paths around it still begin where they did. */
export const removed = (layers: readonly LayerSpec[], at: number): LayerSpec[] => {
  const around = (other: LayerSpec, index: number) =>
    'span' in other && index > at && index - other.span <= at ? withSpan(other, -1) : other;
  return layers.map(around).toSpliced(at, 1);
};

/** The layers with one moved by `by` places. */
export function moved(layers: readonly LayerSpec[], index: number, by: number): LayerSpec[] {
  const spec = layers[index];
  return spec ? inserted(removed(layers, index), index + by, spec) : [...layers];
}

/**
 * Where a new layer goes: the last place at which it fits. Where there is none, before the last layer, or, if it needs an image
 * or a sequence, before the first that flattens it.
 */
export function placeFor(
  { dataset, layers }: Pick<Experiment, 'dataset' | 'layers'>,
  spec: LayerSpec,
): number {
  for (let at = layers.length - 1; at >= 0; at--)
    if (!networkProblem({ dataset, layers: inserted(layers, at, spec) })) return at;
  if (spec.kind === 'dense') return layers.length - 1;
  const flat = layers.findIndex((layer) => layer.kind === 'dense');
  return flat < 0 ? layers.length - 1 : flat;
}

/** A label as it stands inside a sentence: "Dense" is dense, and "GRU" stays GRU. */
export const inSentence = (label: string): string =>
  label.replace(/^\p{Lu}(?!\p{Lu})/u, (letter) => letter.toLowerCase());
