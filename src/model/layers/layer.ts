/** What the implementation of a layer kind is given, and what it returns. */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayerSpec } from '@/catalog/layers';
import type { ActivationSiteName, WeightSiteName } from '@/catalog/quantizers';
import type { Rounded } from '@/quant/weights';

/** An activation tensor on its way: the numbers meant are values x scale (params row 0). */
export interface Signal {
  values: tf.Tensor;
  /** [4, 1]: scale, inverse, zero point, quantized; of weights [4, C]. */
  params: tf.Tensor2D;
  /** The largest magnitude that values can have; present where they are integers, rounded by a quantizer that deploys to them. */
  limit?: number;
}

/** One layer in one pass. Everything is named as in its descriptor. */
export interface Layer<S = LayerSpec> {
  spec: S;
  /** The layer's name: "gru1". */
  name: string;
  /** True while parameters are trained: dropout drops. */
  training: boolean;
  /** Present where batch norm takes its statistics from the batch: the momentum [1] at which the running ones follow. */
  norm?: tf.Tensor;
  /** What a layer that ends a residual path adds. */
  skipped?: Signal;
  /** A tensor as it is. */
  variable(name: string): tf.Variable;
  /** A weight tensor, rounded at its site. */
  weights(site?: WeightSiteName): Signal;
  /** Another tensor rounded as the weights of a site: what was folded into them. */
  roundWeights(site: WeightSiteName, weights: tf.Tensor): Signal;
  /** A value rounded at a site, the output's if none is named. Before that it is seen as the layer's output. */
  round(values: tf.Tensor, site?: ActivationSiteName): Signal;
  /** A site that rounds many times in one pass, and is observed once, on all of it. */
  repeated(site: ActivationSiteName): Repeated;
  /** A site as the deployed network rounds there; undefined where this pass or this site computes in floats. */
  deployed(site: ActivationSiteName): Deployed | undefined;
  /** Shows a site that was rounded as integers: the values before and after, computed only for those who look. */
  look(site: ActivationSiteName, found: () => { latent: tf.Tensor; rounded: Rounded }): void;
  /** A value that is not rounded. */
  plain(values: tf.Tensor): Signal;
  /** Params [4, channels] that let values through. */
  through(channels: number): tf.Tensor2D;
  /** The numbers that a signal means. */
  numbers(signal: Signal): tf.Tensor;
  /** [1]: the scale of a signal that has one. */
  scaleOf(signal: Signal): tf.Tensor;
  /** Of everything seeded, [1]: the layer's own seed, and the step; the step is negative while nothing is trained. */
  seed: tf.Tensor;
  clock: tf.Tensor;
}

/** The grid of a site of the deployed network. */
export interface Deployed {
  /** [4, 1] */
  params: tf.Tensor2D;
  /** qmin and qmax first. */
  settings: tf.Tensor1D;
  /** The largest magnitude of its integers less the zero point; absent for logits without bits. */
  limit?: number;
  /** Integers less the zero point that numbers are rounded to; absent for logits without bits. */
  round?(values: tf.Tensor): tf.Tensor;
}

export interface Repeated {
  round(values: tf.Tensor): Signal;
  /** After the last one. */
  done(): void;
}

export type LayerImplementation<S> = (input: Signal, layer: Layer<S>) => Signal;

/** The product of integer-valued inputs and weights, output channel last. */
export type Accumulate = (values: tf.Tensor, weights: tf.Tensor) => tf.Tensor;
