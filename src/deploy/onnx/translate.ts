/**
 * From the operations of an integer program to QuantizeLinear and DequantizeLinear around float operators, which runtimes fuse
 * into integer kernels: one entry for each kind of operation that feed-forward networks are made of. ./exact has all others.
 */
import type { OpKind } from '../ops';
import { imageOf, type Translator, windowAttributes } from './translation';

export const translators = {
  dense(to, op) {
    const { rows, features, units } = op;
    const input = to.rows(op.input, [features]);
    const [weights, biases] = to.products(op, [features, units], [0, 1], 1);
    const sums = to.graph.node('Gemm', `${op.layer}_sums`, [input, weights, biases]);
    to.put(op.output, sums, 'rows', [units], op.rescale);
    const shape = to.value(op.output).shape;
    if (rows === 1 && shape.length === 1) return;
    // A position of a sequence is an example here; from now on it is one of the sequence again.
    const tensor = to.asRows(op.output, shape);
    to.places.set(op.output, { ...to.places.get(op.output)!, tensor, dims: shape });
  },
  conv2d(to, op) {
    const { kernel, channels, filters, outHeight, outWidth } = op;
    const products = to.products(op, [...kernel, channels, filters], [3, 2, 0, 1], 0);
    const inputs = [to.image(op.input, imageOf(op)), ...products];
    const sums = to.graph.node('Conv', `${op.layer}_sums`, inputs, windowAttributes(op));
    to.put(op.output, sums, 'image', [outHeight, outWidth, filters], op.rescale);
  },
  depthwiseConv2d(to, op) {
    const { kernel, channels, outHeight, outWidth } = op;
    const products = to.products(op, [...kernel, channels], [2, 0, 1], 0, true);
    const inputs = [to.image(op.input, imageOf(op)), ...products];
    const attributes = { ...windowAttributes(op), group: channels };
    const sums = to.graph.node('Conv', `${op.layer}_sums`, inputs, attributes);
    to.put(op.output, sums, 'image', [outHeight, outWidth, channels], op.rescale);
  },
  maxPool2d(to, op) {
    const input = to.image(op.input, imageOf(op));
    const pooled = to.graph.node('MaxPool', `${op.layer}_largest`, [input], windowAttributes(op));
    const dims = [op.outHeight, op.outWidth, op.channels];
    if (to.style.roundsSelected) to.put(op.output, pooled, 'image', dims);
    else to.places.set(op.output, { tensor: pooled, float: true, form: 'image', dims });
  },
  averagePool(to, op) {
    const input = to.image(op.input, imageOf(op));
    const means = to.graph.node('AveragePool', `${op.layer}_means`, [input], windowAttributes(op));
    to.put(op.output, means, 'image', [op.outHeight, op.outWidth, op.channels], op.rescale);
  },
  add(to, op) {
    const { shape } = to.value(op.output);
    const isImage = shape.length === 3;
    const [height = 1, width = 1, channels = 1] = shape;
    const read = (index: number) =>
      isImage ? to.image(index, [height, width, channels]) : to.rows(index, shape);
    const sums = to.graph.node('Add', `${op.layer}_sum`, [read(op.input), read(op.skipped)]);
    to.put(op.output, sums, isImage ? 'image' : 'rows', shape, op.rescale);
  },
} satisfies { [K in OpKind]?: Translator<K> };
