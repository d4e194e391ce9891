/** What layers with weights share: products of integer-valued operands, what follows them, and batch norm. */
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction } from '@/catalog/activations';
import type { ActivationSiteName, WeightSiteName } from '@/catalog/quantizers';
import { batchMoments, batchNormTrain, channelScale, updateRunning } from '@/kernels/batchNorm';
import { epilogue } from '@/kernels/epilogue';
import { foldedBias, foldedWeights } from '@/quant/fold';
import { exactSums } from '../integers';
import { activate } from './activate';
import { requantized } from './deployed';
import type { Accumulate, Layer, Signal } from './layer';

/** What follows a product of integer-valued operands: their scales, the bias and the activation function. */
export const scaled = (
  sums: tf.Tensor,
  input: Signal,
  weights: Signal,
  biases: tf.Tensor,
  activation: ActivationFunction,
): tf.Tensor => epilogue(sums, input.params, weights.params, biases as tf.Tensor1D, activation);

/**
 * x times weights [in, out], before any scale. A sequence [B, T, in] gives [B, T, out]; everything else is flattened to
 * [B, in] and gives [B, out].
 */
export function product(values: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const [features = 1, out = 1] = weights.shape;
  const sums = tf.matMul(tf.reshape(values, [values.size / features, features]), weights as tf.Tensor2D);
  return values.rank === 3 ? tf.reshape(sums, [...values.shape.slice(0, 2), out]) : sums;
}

/** A projection inside a layer, rounded at a site of its own: [B, T, in] to [B, T, out]. */
export function projection<S>(
  layer: Layer<S>,
  input: Signal,
  names: { weights: WeightSiteName; biases: string; rounded: ActivationSiteName },
): Signal {
  const weights = layer.weights(names.weights);
  const biases = layer.variable(names.biases);
  return finish(input, layer, weights, biases, product, 'linear', names.rounded);
}

interface Weighted {
  activation: ActivationFunction;
  norm: 'none' | 'batch';
}

/**
 * A layer with weights: its product, what follows, and rounding. */
export function weighted<S extends Weighted>(input: Signal, layer: Layer<S>, accumulate: Accumulate): Signal {
  if (layer.spec.norm === 'batch') return normalized(input, layer, accumulate);
  const { activation } = layer.spec;
  return finish(input, layer, layer.weights(), layer.variable('biases'), accumulate, activation);
}

/** What follows a product, rounded: in integers where the pass and the sites have them, else in floats. */
export function finish<S>(
  input: Signal,
  layer: Layer<S>,
  weights: Signal,
  biases: tf.Tensor,
  accumulate: Accumulate,
  activation: ActivationFunction,
  site: ActivationSiteName = 'activations',
): Signal {
  const floats = () => scaled(accumulate(input.values, weights.values), input, weights, biases, activation);
  // Sums that no site takes as integers are not computed twice.
  const sums = layer.deployed(site) && exactSums(input, weights, accumulate);
  const rounded =
    sums &&
    requantized(
      layer,
      {
        sums,
        inputParams: input.params,
        weightParams: weights.params,
        bias: biases,
        activation,
        latent: floats,
      },
      site,
    );
  return rounded || layer.round(floats(), site);
}

/**
 * Batch norm folded into the weights before they are rounded (Jacob et al. 2018, section 3.2; Krishnamoorthi 2018). On a
 * batch of its own the product is brought back by the folded factor and normalized by the batch's moments, which the
 * running estimates follow; else the running estimates are folded into the bias too, as the deployed network has it.
 */
function normalized<S extends Weighted>(input: Signal, layer: Layer<S>, accumulate: Accumulate): Signal {
  const { activation } = layer.spec;
  const gamma = layer.variable('gamma') as unknown as tf.Tensor1D;
  const beta = layer.variable('biases') as unknown as tf.Tensor1D;
  const running = layer.variable('running') as unknown as tf.Tensor2D;
  const weights = layer.roundWeights('weights', foldedWeights(layer.variable('weights'), gamma, running));
  if (!layer.norm)
    return finish(input, layer, weights, foldedBias(gamma, beta, running), accumulate, activation);
  const sums = accumulate(input.values, weights.values);
  const none = tf.zeros([gamma.size]) as tf.Tensor1D;
  const numbers = tf.div(scaled(sums, input, weights, none, 'linear'), channelScale(gamma, running));
  const moments = batchMoments(numbers);
  updateRunning(layer.variable('running'), moments, layer.norm, numbers);
  return layer.round(activate(layer, batchNormTrain(numbers, gamma, beta, moments), activation));
}
