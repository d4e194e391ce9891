/** Layer kinds: what each computes. */
import type { LayerSpec } from '@/catalog/layers';
import { add, addProjected } from './add';
import { attention } from './attention';
import { conv2d } from './conv2d';
import { dense } from './dense';
import { depthwiseConv2d } from './depthwiseConv2d';
import { dropout } from './dropout';
import { embedding } from './embedding';
import type { LayerImplementation } from './layer';
import { layerNorm } from './layerNorm';
import { maxPool2d } from './maxPool2d';
import { averagePool2d, globalAveragePool } from './pools';
import { positions } from './positions';
import { gru, lstm } from './recurrent';
import { rows } from './rows';

export type { Layer, LayerImplementation, Signal } from './layer';

type LayerOf<K extends LayerSpec['kind']> = Extract<LayerSpec, { kind: K }>;

export const layerImplementations = {
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
} satisfies { [K in LayerSpec['kind']]: LayerImplementation<LayerOf<K>> };

/** The implementation of a layer's kind, typed for any layer. */
export const implementationOf = (spec: LayerSpec): LayerImplementation<LayerSpec> =>
  layerImplementations[spec.kind] as unknown as LayerImplementation<LayerSpec>;
