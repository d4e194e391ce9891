/** Multi-head self-attention (Vaswani et al. 2017): both products have rounded, integer-valued operands. */
import * as tf from '@tensorflow/tfjs-core';
import type { Attention } from '@/catalog/layers';
import { activationBits } from '@/catalog/quantizers';
import { attentionSoftmax } from '@/kernels/attentionSoftmax';
import { integerSoftmax, shareBits } from '@/kernels/integerSoftmax';
import { requantize } from '@/kernels/requantize';
import { scoreGrid } from '@/quant/fixedPoint';
import { largestExact } from '../integers';
import { bring, fixedPoint, nothing, paramsOf, type Target } from '../tables';
import { requantized } from './deployed';
import type { Layer, LayerImplementation, Signal } from './layer';
import { finish, product, projection } from './linear';

/** [B, T, D] to [B, heads, T, D / heads]. */
function toHeads(values: tf.Tensor, heads: number): tf.Tensor {
  const [batch = 1, positions = 1, width = 1] = values.shape;
  return tf.transpose(tf.reshape(values, [batch, positions, heads, width / heads]), [0, 2, 1, 3]);
}
/** And back. */
function fromHeads(values: tf.Tensor): tf.Tensor {
  const [batch = 1, heads = 1, positions = 1, depth = 1] = values.shape;
  return tf.reshape(tf.transpose(values, [0, 2, 1, 3]), [batch, positions, heads * depth]);
}

/** The numbers of a product of two signals' values, each scaled by one number. */
const ofBoth = (layer: Layer<Attention>, values: tf.Tensor, left: Signal, right: Signal): tf.Tensor =>
  layer.numbers({ values: layer.numbers({ values, params: left.params }), params: right.params });

/** Whether sums of so many products of integers are exact as float32. */
const isExact = (count: number, { limit: left }: Signal, { limit: right }: Signal): boolean =>
  left !== undefined && right !== undefined && count * left * right < largestExact;

export const attention: LayerImplementation<Attention> = (input, layer) => {
  const { heads, direction } = layer.spec;
  const queries = projection(layer, input, { weights: 'query', biases: 'queryBiases', rounded: 'queries' });
  const keys = projection(layer, input, { weights: 'key', biases: 'keyBiases', rounded: 'keys' });
  const values = projection(layer, input, { weights: 'value', biases: 'valueBiases', rounded: 'values' });
  const depth = queries.values.shape.at(-1)! / heads;

  const products = tf.matMul(toHeads(queries.values, heads), toHeads(keys.values, heads), false, true);
  const exact = isExact(depth, queries, keys);
  const shares =
    (exact && integerShares(layer, products, queries, keys, depth)) ||
    floatShares(layer, products, queries, keys, depth, direction === 'causal');

  const mixed = fromHeads(tf.matMul(shares.values, toHeads(values.values, heads)));
  const latent = () => ofBoth(layer, mixed, shares, values);
  const context =
    (isExact(shares.values.shape.at(-1)!, shares, values) &&
      requantized(
        layer,
        {
          sums: mixed,
          inputParams: shares.params,
          weightParams: values.params,
          bias: tf.zeros([1]),
          activation: 'linear',
          latent,
        },
        'context',
      )) ||
    layer.round(latent(), 'context');
  return finish(context, layer, layer.weights(), layer.variable('biases'), product, 'linear');
};

/** @param products of queries and keys, [B, heads, T, T] */
function floatShares(
  layer: Layer<Attention>,
  products: tf.Tensor,
  queries: Signal,
  keys: Signal,
  depth: number,
  causal: boolean,
): Signal {
  const scores = layer.round(tf.mul(ofBoth(layer, products, queries, keys), 1 / Math.sqrt(depth)), 'scores');
  return layer.round(attentionSoftmax(scores.values, layer.scaleOf(scores), causal), 'softmax');
}

/** The same as the deployed network has it; undefined where a site computes in floats. */
function integerShares(
  layer: Layer<Attention>,
  products: tf.Tensor,
  queries: Signal,
  keys: Signal,
  depth: number,
): Signal | undefined {
  const isFree = activationBits(layer.spec.scores) === 32;
  const grid: Target | undefined = isFree ? fixedPoint(scoreGrid) : layer.deployed('scores');
  const to = layer.deployed('softmax');
  if (!grid || !to?.round) return undefined;
  const scale = tf.mul(layer.scaleOf(queries), layer.scaleOf(keys));
  const operand = {
    sums: products,
    inputParams: paramsOf(scale),
    weightParams: paramsOf(1 / Math.sqrt(depth)),
    bias: tf.zeros([1]) as tf.Tensor1D,
  };
  const scores = requantize(operand, grid.params, grid.settings, nothing());
  const own = { values: scores, params: grid.params };
  layer.look('scores', () => ({
    latent: tf.mul(ofBoth(layer, products, queries, keys), 1 / Math.sqrt(depth)),
    rounded: isFree ? { values: layer.numbers(own), params: layer.through(1) } : own,
  }));
  const steps = integerSoftmax(scores, layer.scaleOf(own), layer.spec.direction === 'causal');
  const part = { values: steps, params: paramsOf(2 ** -shareBits) };
  const rounded = { values: bring(layer, part, to), params: to.params };
  layer.look('softmax', () => ({ latent: layer.numbers(part), rounded }));
  return { ...rounded, limit: to.limit! };
}
