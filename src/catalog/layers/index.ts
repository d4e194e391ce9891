/** The registry of layer kinds: adding one is a descriptor here and an implementation in src/model/layers. */
import { z } from 'zod';
import type { SiteName, SiteOf } from '../quantizers';
import { type Add, type AddProjected, add, addProjected } from './add';
import { type Attention, attention } from './attention';
import { type AveragePool2d, averagePool2d } from './averagePool2d';
import { type Conv2d, conv2d } from './conv2d';
import { type Dense, dense } from './dense';
import { type DepthwiseConv2d, depthwiseConv2d } from './depthwiseConv2d';
import type { LayerDescriptor } from './descriptor';
import { type Dropout, dropout } from './dropout';
import { type Embedding, embedding } from './embedding';
import { type GlobalAveragePool, globalAveragePool } from './globalAveragePool';
import { type LayerNorm, layerNorm } from './layerNorm';
import { type MaxPool2d, maxPool2d } from './maxPool2d';
import { type Positions, positions } from './positions';
import { type Gru, gru, type Lstm, lstm } from './recurrent';
import { type Rows, rows } from './rows';

export { projectionStride } from './add';
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
export { type NormChange, type NormStatistics, normChanges, normStatistics } from './normalization';
export type {
  Add,
  AddProjected,
  Attention,
  AveragePool2d,
  Conv2d,
  Dense,
  DepthwiseConv2d,
  Dropout,
  Embedding,
  GlobalAveragePool,
  Gru,
  LayerNorm,
  Lstm,
  MaxPool2d,
  Positions,
  Rows,
};

/** In the order in which the page offers them. */
export const layerKinds = {
  dense,
  conv2d,
  depthwiseConv2d,
  maxPool2d,
  averagePool2d,
  globalAveragePool,
  add,
  addProjected,
  dropout,
  rows,
  gru,
  lstm,
  embedding,
  positions,
  layerNorm,
  attention,
};
export type LayerKind = keyof typeof layerKinds;

export const layerSchema = z.discriminatedUnion('kind', [
  dense.schema,
  conv2d.schema,
  depthwiseConv2d.schema,
  maxPool2d.schema,
  averagePool2d.schema,
  globalAveragePool.schema,
  add.schema,
  addProjected.schema,
  dropout.schema,
  rows.schema,
  gru.schema,
  lstm.schema,
  embedding.schema,
  positions.schema,
  layerNorm.schema,
  attention.schema,
]);
export type LayerSpec = z.infer<typeof layerSchema>;

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

/** Whether a network has batch norm anywhere. */
export const hasBatchNorm = (layers: readonly LayerSpec[]): boolean =>
  layers.some((spec) => 'norm' in spec && spec.norm === 'batch');

/** Whether a layer rounds anything, and so has bits. */
export const rounds = (spec: LayerSpec): boolean => sitesOf(spec).length > 0;
