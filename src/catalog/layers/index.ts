/** The registry of layer kinds: adding one is a descriptor here and an implementation in src/model. */
import { z } from 'zod';
import { type Conv2d, conv2d } from './conv2d';
import { type Dense, dense } from './dense';
import type { LayerDescriptor } from './descriptor';
import { type MaxPool2d, maxPool2d } from './maxPool2d';

export { type LayerDescriptor, type LayerField, type Shape, ShapeError, volume } from './descriptor';
export type { Conv2d, Dense, MaxPool2d };

export const layerKinds = { dense, conv2d, maxPool2d };
export type LayerKind = keyof typeof layerKinds;
export type LayerSpec = Dense | Conv2d | MaxPool2d;
/** A layer with weights, and so with bits. */
export type WeightedLayerSpec = Dense | Conv2d;

export const layerSchema = z.discriminatedUnion('kind', [dense.schema, conv2d.schema, maxPool2d.schema]);

/** The descriptor of a layer's kind, typed for any layer. */
export const descriptorOf = (spec: LayerSpec): LayerDescriptor<LayerSpec> =>
  layerKinds[spec.kind] as unknown as LayerDescriptor<LayerSpec>;

export const isWeighted = (spec: LayerSpec): spec is WeightedLayerSpec => 'weights' in spec;
