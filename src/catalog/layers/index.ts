/** The registry of layer kinds: adding one is a descriptor here and an implementation in src/model. */
import { z } from 'zod';
import type { SiteName, SiteOf } from '../quantizers';
import { type Conv2d, conv2d } from './conv2d';
import { type Dense, dense } from './dense';
import type { LayerDescriptor } from './descriptor';
import { type MaxPool2d, maxPool2d } from './maxPool2d';

export {
  type LayerDescriptor,
  type LayerField,
  type Parameter,
  type Product,
  type Shape,
  ShapeError,
  type Surroundings,
  volume,
} from './descriptor';
export type { Conv2d, Dense, MaxPool2d };

export const layerKinds = { dense, conv2d, maxPool2d };
export type LayerKind = keyof typeof layerKinds;
export type LayerSpec = Dense | Conv2d | MaxPool2d;
export const layerSchema = z.discriminatedUnion('kind', [dense.schema, conv2d.schema, maxPool2d.schema]);

/** The descriptor of a layer's kind, typed for any layer. */
export const descriptorOf = (spec: LayerSpec): LayerDescriptor<LayerSpec> =>
  layerKinds[spec.kind] as unknown as LayerDescriptor<LayerSpec>;

/** Where a layer rounds. */
export const sitesOf = (spec: LayerSpec): readonly SiteName[] => descriptorOf(spec).sites;

/** What is chosen at a layer's site, or undefined where it has none of that name. */
export const siteAt = <K extends SiteName>(spec: LayerSpec, name: K): SiteOf<K> | undefined =>
  sitesOf(spec).includes(name) ? (spec as unknown as Record<K, SiteOf<K>>)[name] : undefined;

/** The layer with another choice at one of its sites. */
export const withSite = <K extends SiteName>(spec: LayerSpec, name: K, site: SiteOf<K>): LayerSpec =>
  ({ ...spec, [name]: site }) as LayerSpec;

/** Whether a layer rounds anything, and so has bits. */
export const rounds = (spec: LayerSpec): boolean => sitesOf(spec).length > 0;
