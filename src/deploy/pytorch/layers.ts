/** Layer kinds in PyTorch: the fragment of Python that each needs, how it is called, and how its tensors lie there. */
import { type LayerSpec, projectionStride, type Shape } from '@/catalog/layers';
import type { SiteName } from '@/catalog/quantizers';
import type { ResolvedLayer } from '@/experiment/network';
import add from './python/layers/add.py?raw';
import addProjected from './python/layers/addProjected.py?raw';
import attention from './python/layers/attention.py?raw';
import averagePool2d from './python/layers/averagePool2d.py?raw';
import conv2d from './python/layers/conv2d.py?raw';
import dense from './python/layers/dense.py?raw';
import depthwiseConv2d from './python/layers/depthwiseConv2d.py?raw';
import dropout from './python/layers/dropout.py?raw';
import embedding from './python/layers/embedding.py?raw';
import globalAveragePool from './python/layers/globalAveragePool.py?raw';
import gru from './python/layers/gru.py?raw';
import layerNorm from './python/layers/layerNorm.py?raw';
import lstm from './python/layers/lstm.py?raw';
import maxPool2d from './python/layers/maxPool2d.py?raw';
import positions from './python/layers/positions.py?raw';
import recurrent from './python/layers/recurrent.py?raw';
import rows from './python/layers/rows.py?raw';
import { bool, text, tuple } from './text';

/** How a tensor of ours lies in PyTorch: the order of its axes, and an axis of length 1 for one input channel. */
export interface Layout {
  order: readonly number[];
  /** Of the output channels, there. */
  axis: number;
  grouped?: true;
}

export const layouts = {
  /** [in, out] to [out, in] */
  matrix: { order: [1, 0], axis: 0 },
  /** HWIO to OIHW */
  filters: { order: [3, 2, 0, 1], axis: 0 },
  /** [k, k, C] to [C, 1, k, k] */
  depthwise: { order: [2, 0, 1], axis: 0, grouped: true },
  /** As it is; channels last. */
  table: { order: [0, 1], axis: 1 },
} as const satisfies Record<string, Layout>;

/** The shape that a tensor has in PyTorch. */
export function shapeThere(shape: readonly number[], { order, grouped }: Layout): number[] {
  const sizes = order.map((axis) => shape[axis]!);
  return grouped ? [sizes[0]!, 1, ...sizes.slice(1)] : sizes;
}

export interface LayerInPyTorch<S> {
  /** In the order in which Python needs them. */
  fragments: readonly string[];
  /** Of its weight tensors, by site; vectors stay as they are. */
  layout?: Layout;
  /** The expression that makes the module. @param site the expression that makes a site's */
  make(layer: ResolvedLayer & { spec: S; skippedShape?: Shape }, site: (name: SiteName) => string): string;
}

type Of<K extends LayerSpec['kind']> = Extract<LayerSpec, { kind: K }>;

const sitesAs = (layer: ResolvedLayer, site: (name: SiteName) => string): string =>
  `{${layer.sites.map((name) => `${text(name)}: ${site(name)}`).join(', ')}}`;

const weightsShape = (layer: ResolvedLayer, layout: Layout): string =>
  tuple(shapeThere(layer.tensors.find(({ name }) => name === 'weights')!.shape, layout));

const common = (
  { spec }: { spec: Of<'dense' | 'conv2d' | 'depthwiseConv2d'> },
  site: (name: SiteName) => string,
) =>
  `${site('weights')}, ${site('activations')}, activation=${text(spec.activation)}, norm=${bool(spec.norm === 'batch')}`;

const windows = ({ stride, padding }: Of<'conv2d' | 'depthwiseConv2d'>) =>
  `stride=${stride}, same=${bool(padding === 'same')}`;

const recurrentMake =
  (name: string): LayerInPyTorch<Of<'gru' | 'lstm'>>['make'] =>
  (layer, site) =>
    `${name}(${layer.inputShape.at(-1)}, ${layer.spec.units}, ${sitesAs(layer, site)}, sequence=${bool(layer.spec.returns === 'sequence')})`;

export const layersInPyTorch: { [K in LayerSpec['kind']]: LayerInPyTorch<Of<K>> } = {
  dense: {
    fragments: [dense],
    layout: layouts.matrix,
    make: (layer, site) => `Dense(${weightsShape(layer, layouts.matrix)}, ${common(layer, site)})`,
  },
  conv2d: {
    fragments: [conv2d],
    layout: layouts.filters,
    make: (layer, site) =>
      `Conv2d(${weightsShape(layer, layouts.filters)}, ${common(layer, site)}, ${windows(layer.spec)})`,
  },
  depthwiseConv2d: {
    fragments: [conv2d, depthwiseConv2d],
    layout: layouts.depthwise,
    make: (layer, site) =>
      `DepthwiseConv2d(${weightsShape(layer, layouts.depthwise)}, ${common(layer, site)}, ${windows(layer.spec)})`,
  },
  maxPool2d: { fragments: [maxPool2d], make: ({ spec }) => `MaxPool2d(${spec.size})` },
  averagePool2d: {
    fragments: [averagePool2d],
    make: ({ spec }, site) => `AveragePool2d(${spec.size}, ${site('activations')})`,
  },
  globalAveragePool: {
    fragments: [globalAveragePool],
    make: (_layer, site) => `GlobalAveragePool(${site('activations')})`,
  },
  add: {
    fragments: [add],
    make: ({ spec }, site) => `Add(${site('activations')}, activation=${text(spec.activation)})`,
  },
  addProjected: {
    fragments: [addProjected],
    layout: layouts.matrix,
    make: (layer, site) => {
      const [shape, { inputShape, spec }] = [weightsShape(layer, layouts.matrix), layer];
      const from = layer.skippedShape ?? inputShape;
      const stride = inputShape.length === 3 ? projectionStride(inputShape, from) : 1;
      return `AddProjected(${shape}, ${site('weights')}, ${site('activations')}, activation=${text(spec.activation)}, stride=${stride})`;
    },
  },
  dropout: { fragments: [dropout], make: ({ spec }) => `Dropout(${spec.rate})` },
  rows: { fragments: [rows], make: () => 'Rows()' },
  gru: { fragments: [recurrent, gru], layout: layouts.matrix, make: recurrentMake('Gru') },
  lstm: { fragments: [recurrent, lstm], layout: layouts.matrix, make: recurrentMake('Lstm') },
  embedding: {
    fragments: [embedding],
    layout: layouts.table,
    make: (layer, site) => {
      const [symbols, features] = layer.tensors[0]!.shape;
      return `Embedding(${symbols}, ${layer.inputShape[0]}, ${features}, ${sitesAs(layer, site)})`;
    },
  },
  positions: {
    fragments: [positions],
    layout: layouts.table,
    make: (layer, site) => `Positions(${tuple(layer.inputShape)}, ${sitesAs(layer, site)})`,
  },
  layerNorm: {
    fragments: [layerNorm],
    make: ({ inputShape }, site) => `LayerNorm(${inputShape.at(-1)}, ${site('activations')})`,
  },
  attention: {
    fragments: [attention],
    layout: layouts.matrix,
    make: (layer, site) => {
      const { inputShape, spec } = layer;
      return `Attention(${inputShape.at(-1)}, ${spec.heads}, ${bool(spec.direction === 'causal')}, ${sitesAs(layer, site)})`;
    },
  },
};

export const layerInPyTorch = (spec: LayerSpec): LayerInPyTorch<LayerSpec> =>
  layersInPyTorch[spec.kind] as unknown as LayerInPyTorch<LayerSpec>;
