/** How each kind of layer becomes operations: a registry, checked against the catalog's. */
import type {
  Add,
  AddProjected,
  AveragePool2d,
  Conv2d,
  Dense,
  DepthwiseConv2d,
  GlobalAveragePool,
  LayerSpec,
  MaxPool2d,
} from '@/catalog/layers';
import { projectionStride, volume } from '@/catalog/layers';
import type { ResolvedLayer } from '@/experiment/network';
import { factorOf, rescaleTo } from '../arithmetic';
import type { Windows } from '../ops';
import type { Lowering } from './context';
import type { LayerLowering, Resolved } from './lowering';
import { productsOf, rescaleThrough, sumsOf } from './products';
import { gru, lstm } from './recurrent';
import { attention, embedding, layerNorm, positions } from './sequences';

/** Windows of an image. */
function windowsOf(
  [height = 1, width = 1, channels = 1]: readonly number[],
  [outHeight = 1, outWidth = 1]: readonly number[],
  kernel: readonly [number, number],
  stride: readonly [number, number],
  padding: 'same' | 'valid',
): Windows {
  const before = (length: number, out: number, axis: 0 | 1) =>
    padding === 'valid' ? 0 : Math.floor(Math.max((out - 1) * stride[axis] + kernel[axis] - length, 0) / 2);
  const pad = [before(height, outHeight, 0), before(width, outWidth, 1)] as const;
  return { height, width, channels, outHeight, outWidth, kernel, stride, pad };
}

const dense: LayerLowering<Dense> = (to, layer, input) => {
  const { products, output } = productsOf(to, layer, input);
  const { inputShape, outputShape, name } = layer;
  const rows = inputShape.length === 2 ? inputShape[0]! : 1;
  const features = volume(inputShape) / rows;
  to.ops.push({
    kind: 'dense',
    layer: name,
    input,
    output,
    rows,
    features,
    units: outputShape.at(-1)!,
    ...products,
  });
  return output;
};

const conv2d: LayerLowering<Conv2d> = (to, layer, input) => {
  const { products, output } = productsOf(to, layer, input);
  const { kernelSize: k, stride: s, padding, filters } = layer.spec;
  const windows = windowsOf(layer.inputShape, layer.outputShape, [k, k], [s, s], padding);
  to.ops.push({ kind: 'conv2d', layer: layer.name, input, output, filters, ...windows, ...products });
  return output;
};

const depthwiseConv2d: LayerLowering<DepthwiseConv2d> = (to, layer, input) => {
  const { products, output } = productsOf(to, layer, input);
  const { kernelSize: k, stride: s, padding } = layer.spec;
  const windows = windowsOf(layer.inputShape, layer.outputShape, [k, k], [s, s], padding);
  to.ops.push({ kind: 'depthwiseConv2d', layer: layer.name, input, output, ...windows, ...products });
  return output;
};

const maxPool2d: LayerLowering<MaxPool2d> = (to, { name, spec, inputShape, outputShape }, input) => {
  const { bits, grid } = to.values[input]!;
  const output = to.value({ name, layer: name, shape: outputShape, bits, grid });
  const windows = windowsOf(inputShape, outputShape, [spec.size, spec.size], [spec.size, spec.size], 'valid');
  to.ops.push({ kind: 'maxPool2d', layer: name, input, output, ...windows });
  return output;
};

const averaged =
  (windows: (layer: Resolved<AveragePool2d | GlobalAveragePool>) => Windows) =>
  (to: Lowering, layer: Resolved<AveragePool2d | GlobalAveragePool>, input: number): number => {
    const output = to.output(layer);
    const shape = windows(layer);
    const share = Math.fround(1 / (shape.kernel[0] * shape.kernel[1]));
    const { grid } = to.values[output]!;
    const factor = factorOf(to.values[input]!.grid.scale, share, grid.scale);
    const rescale = rescaleTo(grid, [[factor]], false);
    to.ops.push({ kind: 'averagePool', layer: layer.name, input, output, ...shape, rescale });
    return output;
  };

const averagePool2d: LayerLowering<AveragePool2d> = averaged(({ spec, inputShape, outputShape }) => {
  const { size } = spec as AveragePool2d;
  return windowsOf(inputShape, outputShape, [size, size], [size, size], 'valid');
});

const globalAveragePool: LayerLowering<GlobalAveragePool> = averaged(({ inputShape }) => {
  const channels = inputShape.at(-1) ?? 1;
  const image = inputShape.length === 2 ? [inputShape[0]!, 1, channels] : inputShape;
  const kernel = [image[0]!, image[1]!] as const;
  return windowsOf(image, [1, 1, channels], kernel, [1, 1], 'valid');
});

/** A residual sum of `input` and the value `skipped`, whose channels may have scales of their own. */
function sum(to: Lowering, layer: Resolved<Add | AddProjected>, input: number, skipped: number): number {
  const { name, spec } = layer;
  const output = to.output(layer);
  const rescale = rescaleThrough(to, name, spec.activation, output, (step) =>
    [input, skipped].map((each) => {
      const { grid: from, scales } = to.values[each]!;
      return Array.from(scales ?? [1], (scale) => factorOf(from.scale, scale, step));
    }),
  );
  to.ops.push({ kind: 'add', layer: name, input, skipped, output, rescale });
  return output;
}

const add: LayerLowering<Add> = (to, layer, input, skipped) => sum(to, layer, input, skipped!);

/** The projection first, to int32 sums; then the addition. */
const addProjected: LayerLowering<AddProjected> = (to, layer, input, skipped) => {
  const { name, inputShape, outputShape } = layer;
  const from = to.values[skipped!]!;
  const products = sumsOf(to, layer, skipped!);
  const channels = outputShape.at(-1)!;
  const shape = from.shape;
  const scales = Float32Array.from(to.scalesOf(products.weights), (scale) =>
    Math.fround(from.grid.scale * scale),
  );
  const sums = to.value({
    name: `${name} projection`,
    layer: name,
    shape: outputShape,
    bits: 32,
    grid: { scale: 1, zeroPoint: 0, qmin: -(2 ** 31), qmax: 2 ** 31 - 1 },
    scales,
  });
  const common = { layer: name, input: skipped!, output: sums, ...products };
  if (shape.length === 3) {
    const stride = projectionStride(inputShape, shape);
    const windows = windowsOf(shape, outputShape, [1, 1], [stride, stride], 'same');
    to.ops.push({ kind: 'conv2d', filters: channels, ...common, ...windows });
  } else {
    const rows = shape.length === 2 ? shape[0]! : 1;
    to.ops.push({ kind: 'dense', rows, features: volume(shape) / rows, units: channels, ...common });
  }
  return sum(to, layer, input, sums);
};

/** A layer that moves no number. */
const asItIs = (_to: Lowering, _layer: ResolvedLayer, input: number): number => input;

export const layerLowerings = {
  dense,
  conv2d,
  depthwiseConv2d,
  maxPool2d,
  averagePool2d,
  globalAveragePool,
  add,
  addProjected,
  dropout: asItIs,
  rows: asItIs,
  gru,
  lstm,
  embedding,
  positions,
  layerNorm,
  attention,
} satisfies { [K in LayerSpec['kind']]: LayerLowering<Extract<LayerSpec, { kind: K }>> };

/** The lowering of a layer's kind, typed for any layer. */
export const loweringOf = (spec: LayerSpec): LayerLowering<LayerSpec> =>
  layerLowerings[spec.kind] as unknown as LayerLowering<LayerSpec>;
