/** What a forward pass is asked to do besides computing logits, and who may look in. */
import type * as tf from '@tensorflow/tfjs-core';
import type { SiteName } from '@/catalog/quantizers';
import type { Rounded } from '@/quant/weights';
import type { Sites } from './sites';

/** What a tap sees of a site: the latent values, what they are rounded to, and how. */
export type Tap = (
  layer: string,
  site: SiteName,
  latent: tf.Tensor,
  /** Rounded values and their params: the numbers meant are values x scale. */
  rounded: Rounded,
  settings: tf.Tensor1D,
) => void;

export interface Pass {
  /** Rounds at the sites; without it values stay float. */
  quantize: boolean;
  /** Takes the batch into the observers. */
  observe: boolean;
  /** Parameters are trained on this batch. */
  training: boolean;
  /** Batch norm takes the statistics of this batch, and the running ones follow with this momentum [1]. */
  norm?: tf.Tensor;
  sites?: Sites;
  /** Evaluates as the deployed integers compute, where layers and quantizers have an integer form. */
  integers?: boolean;
  /** Of stochastic rounding and dropout, [1]: the step. Without it every site rounds to nearest, and nothing is dropped. */
  clock?: tf.Tensor;
  /** Makes the observers and learned values of these activation sites anew from this batch. */
  initialise?: { sites: ReadonlySet<string>; fresh: boolean };
  /** Layers that take nothing of this batch: no observing, no statistics of batch norm. */
  held?: ReadonlySet<string>;
  tap?: Tap;
  /** Sees the values of a place before they are rounded, in a pass that initialises or observes. */
  see?: (key: string, latent: tf.Tensor) => void;
  /** Called before each layer, with what gives the numbers that come in. */
  enter?: (layer: string, numbers: () => tf.Tensor) => void;
  /** Sees every rounding layer's output before it is rounded. */
  visit?: (layer: string, output: tf.Tensor) => void;
}

/** A look at the numbers as they are: nothing is rounded, observed or changed. */
export const plainPass: Pass = { quantize: false, observe: false, training: false };
