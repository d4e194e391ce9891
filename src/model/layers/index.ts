/** Layer kinds: what each computes, one file a kind. */
import type { LayerSpec } from '@/catalog/layers';
import { conv2d } from './conv2d';
import { dense } from './dense';
import type { LayerImplementation } from './layer';
import { maxPool2d } from './maxPool2d';

export type { Layer, LayerImplementation, Signal } from './layer';

type LayerOf<K extends LayerSpec['kind']> = Extract<LayerSpec, { kind: K }>;

export const layerImplementations = { dense, conv2d, maxPool2d } satisfies {
  [K in LayerSpec['kind']]: LayerImplementation<LayerOf<K>>;
};

/** The implementation of a layer's kind, typed for any layer. */
export const implementationOf = (spec: LayerSpec): LayerImplementation<LayerSpec> =>
  layerImplementations[spec.kind] as LayerImplementation<LayerSpec>;
