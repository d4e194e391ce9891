/** What the implementation of a layer kind is given, and what it returns. */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayerSpec } from '@/catalog/layers';
import type { ActivationSiteName, WeightSiteName } from '@/catalog/quantizers';

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
  /**
   * Rounds integers at the output's site as the deployed network does, by fixed-point multipliers.
   * @returns undefined where this pass or this site computes in floats
   */
  requantize(sums: Sums): Signal | undefined;
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

/** Integers on their way to an output's grid. */
export interface Sums {
  /** Integer-valued floats that are exact, or int32: [batch, ..., C]. */
  sums: tf.Tensor;
  /** [4, 1], [4, C] or [4, 1]: the sums mean sums x input scale x weight scale. */
  inputParams: tf.Tensor2D;
  weightParams: tf.Tensor2D;
  /** [C], or [1] as the weights' params. */
  bias: tf.Tensor;
  /** What is added, on a grid of its own. */
  more?: Signal;
  /** Whether what is below 0 becomes 0. */
  relu: boolean;
  /** The numbers before they are rounded, computed only for those who look at them. */
  latent(): tf.Tensor;
}

export interface Repeated {
  round(values: tf.Tensor): Signal;
  /** After the last one. */
  done(): void;
}

export type LayerImplementation<S> = (input: Signal, layer: Layer<S>) => Signal;
