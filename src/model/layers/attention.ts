/** Multi-head self-attention (Vaswani et al. 2017): both products have rounded, integer-valued operands. */
import * as tf from '@tensorflow/tfjs-core';
import type { Attention } from '@/catalog/layers';
import { attentionSoftmax } from '@/kernels/attentionSoftmax';
import type { Layer, LayerImplementation, Signal } from './layer';
import { product, projection, scaled } from './linear';

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

export const attention: LayerImplementation<Attention> = (input, layer) => {
  const { heads, direction } = layer.spec;
  const queries = projection(layer, input, { weights: 'query', biases: 'queryBiases', rounded: 'queries' });
  const keys = projection(layer, input, { weights: 'key', biases: 'keyBiases', rounded: 'keys' });
  const values = projection(layer, input, { weights: 'value', biases: 'valueBiases', rounded: 'values' });
  const depth = queries.values.shape.at(-1)! / heads;

  const products = tf.matMul(toHeads(queries.values, heads), toHeads(keys.values, heads), false, true);
  const scores = layer.round(tf.mul(ofBoth(layer, products, queries, keys), 1 / Math.sqrt(depth)), 'scores');
  const shares = layer.round(
    attentionSoftmax(scores.values, layer.scaleOf(scores), direction === 'causal'),
    'softmax',
  );

  const mixed = tf.matMul(shares.values, toHeads(values.values, heads));
  const context = layer.round(ofBoth(layer, fromHeads(mixed), shares, values), 'context');
  const weights = layer.weights();
  const sums = product(context.values, weights.values);
  return layer.round(scaled(sums, context, weights, layer.variable('biases'), 'linear'));
};
