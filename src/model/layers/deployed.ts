/** A layer's sums as the deployed network rounds them. */
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction } from '@/catalog/activations';
import type { ActivationSiteName } from '@/catalog/quantizers';
import { requantize } from '@/kernels/requantize';
import { isTableFunction } from '@/quant/fixedPoint';
import { codeStep, codesOf, functionOf, nothing } from '../tables';
import type { Layer, Signal } from './layer';

/** Integers on their way to a site's grid. */
export interface Sums {
  /** Integer-valued floats that are exact, or int32: [batch, ..., C]. */
  sums: tf.Tensor;
  /** [4, 1], [4, C] or [4, 1]: the sums mean sums x input scale x weight scale. */
  inputParams: tf.Tensor2D;
  weightParams: tf.Tensor2D;
  /** [C], or [1] as the weights' params. */
  bias: tf.Tensor;
  /** What is added, on a grid of its own or with one for each channel. */
  more?: Signal;
  activation: ActivationFunction;
  /** The numbers before they are rounded, computed only for those who look at them. */
  latent(): tf.Tensor;
}

/**
 * Rounds integers at a site as the deployed network does: by fixed-point multipliers, and by a table where a function other
 * than ReLU follows.
 * @returns undefined where this pass or this site computes in floats
 */
export function requantized<S>(
  layer: Layer<S>,
  { activation, more, latent, sums, inputParams, weightParams, bias }: Sums,
  site: ActivationSiteName = 'activations',
): Signal | undefined {
  const to = layer.deployed(site);
  if (!to || (isTableFunction(activation) && !to.round)) return undefined;
  const operand = { sums, inputParams, weightParams, bias: bias as tf.Tensor1D };
  const found = (target: Pick<typeof to, 'params' | 'settings'>) =>
    requantize(operand, target.params, target.settings, more ?? nothing());
  let values: tf.Tensor;
  if (isTableFunction(activation)) {
    const step = codeStep(activation, to);
    values = to.round!(functionOf(layer, activation, found(codesOf(step)), step));
  } else values = activation === 'relu' ? tf.relu(found(to)) : found(to);
  const rounded = { values, params: to.params };
  layer.look(site, () => ({ latent: latent(), rounded }));
  return to.limit === undefined ? rounded : { ...rounded, limit: to.limit };
}
