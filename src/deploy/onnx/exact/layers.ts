/** Layers of feed-forward networks as whole numbers. */
import type { Op, Products } from '../../ops';
import type { Rescale } from '../../program';
import { imageOf, type Translation, type Translator, windowAttributes } from '../translation';
import { constant, matMul, plus, rescaled, times, type Whole } from '../whole';

/** Sums of a product brought to the grid of its output, or as they are where they wait for a residual addition. */
const brought = (to: Translation, layer: string, by: Rescale | undefined, sums: Whole, behind = 0): Whole =>
  by ? rescaled(to.graph, `${layer}_to_grid`, by, [sums], { behind }) : sums;

export const dense: Translator<'dense'> = (to, op) => {
  const { layer, rows, features, units } = op;
  const shape = rows === 1 ? [features] : [rows, features];
  const weights = to.wholeWeights(op.weights, [features, units], [0, 1]);
  const x = to.wholeRows(op.input, shape);
  const sums = matMul(to.graph, layer, x, weights, op.biases, to.largestSum(op, op.input));
  const dims = rows === 1 ? [units] : [rows, units];
  to.putWhole(op.output, brought(to, layer, op.rescale, sums), 'rows', dims);
};

/** A convolution's sums, biases included. */
function convolved(
  to: Translation,
  op: Op & Products,
  x: Whole,
  weights: Whole,
  attributes: Readonly<Record<string, number | readonly number[]>>,
): Whole {
  const { graph } = to;
  // Operators of windows are float32: ONNX Runtime has none of float64. Sums up to 2^24 are exact.
  const products = graph.node('Conv', `${op.layer}_products`, [x.tensor, weights.tensor], attributes);
  const largest = to.largestSum(op, op.input);
  const biases = constant(graph, `${op.layer}_biases`, [op.biases.length, 1, 1], op.biases);
  return plus(
    graph,
    `${op.layer}_sums`,
    { tensor: products, element: 'float32', largest: Math.min(largest, 2 ** 24) },
    biases,
  );
}

export const conv2d: Translator<'conv2d'> = (to, op) => {
  const { kernel, channels, filters, outHeight, outWidth } = op;
  const weights = to.wholeWeights(op.weights, [...kernel, channels, filters], [3, 2, 0, 1]);
  const sums = convolved(to, op, to.wholeImage(op.input, imageOf(op)), weights, windowAttributes(op));
  const q = brought(to, op.layer, op.rescale, sums, 2);
  to.putWhole(op.output, q, 'image', [outHeight, outWidth, filters]);
};

export const depthwiseConv2d: Translator<'depthwiseConv2d'> = (to, op) => {
  const { kernel, channels, outHeight, outWidth } = op;
  const weights = to.wholeWeights(op.weights, [...kernel, channels], [2, 0, 1], true);
  const attributes = { ...windowAttributes(op), group: channels };
  const sums = convolved(to, op, to.wholeImage(op.input, imageOf(op)), weights, attributes);
  const q = brought(to, op.layer, op.rescale, sums, 2);
  to.putWhole(op.output, q, 'image', [outHeight, outWidth, channels]);
};

export const maxPool2d: Translator<'maxPool2d'> = (to, op) => {
  const { graph } = to;
  const { zeroPoint } = to.value(op.output).grid;
  const x = to.wholeImage(op.input, imageOf(op));
  const tensor = graph.node('MaxPool', `${op.layer}_largest`, [x.tensor], windowAttributes(op));
  const q = plus(
    graph,
    `${op.layer}_q`,
    { ...x, tensor },
    constant(graph, `${op.layer}_zero`, [], [zeroPoint]),
  );
  to.putWhole(op.output, q, 'image', [op.outHeight, op.outWidth, op.channels]);
};

export const averagePool: Translator<'averagePool'> = (to, op) => {
  const { graph } = to;
  const { layer, kernel } = op;
  const pixels = kernel[0] * kernel[1];
  const x = to.wholeImage(op.input, imageOf(op));
  const means = graph.node('AveragePool', `${layer}_means`, [x.tensor], windowAttributes(op));
  // A mean is within 2^-23 of its size; its window's sum is the nearest whole number.
  const mean = { tensor: means, element: 'float32' as const, largest: x.largest };
  const near = times(graph, `${layer}_near`, mean, constant(graph, `${layer}_pixels`, [], [pixels]));
  const sums = { ...near, tensor: graph.node('Round', `${layer}_sums`, [near.tensor]) };
  const q = brought(to, layer, op.rescale, sums, 2);
  to.putWhole(op.output, q, 'image', [op.outHeight, op.outWidth, op.channels]);
};

export const add: Translator<'add'> = (to, op) => {
  const { shape } = to.value(op.output);
  const isImage = shape.length === 3;
  const [height = 1, width = 1, channels = 1] = shape;
  const read = (index: number) =>
    isImage ? to.wholeImage(index, [height, width, channels]) : to.wholeRows(index, shape);
  const operands = [read(op.input), read(op.skipped)];
  const q = rescaled(to.graph, `${op.layer}_to_grid`, op.rescale, operands, { behind: isImage ? 2 : 0 });
  to.putWhole(op.output, q, isImage ? 'image' : 'rows', shape);
};
