/**
 * Functions as tables over the codes of their argument, as the deployed network has them: made on the device from the
 * present scales at each evaluation, and looked up with the kernel of embeddings.
 */
import * as tf from '@tensorflow/tfjs-core';
import { embedding } from '@/kernels/embedding';
import { requantize } from '@/kernels/requantize';
import { type FixedPoint, reaches, type TableFunction, tableHalf } from '@/quant/fixedPoint';
import type { Deployed, Layer } from './layers/layer';
import { activate } from './layers/linear';

/** A grid that integers are brought to: params [4, 1], and settings with qmin and qmax. */
export type Target = Pick<Deployed, 'params' | 'settings'>;

/** Params [4, 1] of one scale, a number or a tensor [1]. */
export function paramsOf(scale: number | tf.Tensor): tf.Tensor2D {
  if (typeof scale === 'number') return tf.tensor2d([scale, 1 / scale, 0, 1], [4, 1]);
  return tf.reshape(tf.concat([scale as tf.Tensor1D, tf.tensor1d([1, 0, 1])]), [4, 1]);
}

export const fixedPoint = ({ bits, limit }: FixedPoint): Target => ({
  params: paramsOf(2 ** -bits),
  settings: tf.tensor1d([-limit, limit]),
});

/** Codes of a table's argument by their step, a number or a tensor [1]. */
export const codesOf = (step: number | tf.Tensor): Target => ({
  params: paramsOf(step),
  settings: tf.tensor1d([-tableHalf, tableHalf - 1]),
});

/** The step between the arguments of a table whose output comes to a grid. */
export function tableStep(name: TableFunction, { params, settings }: Target): number | tf.Tensor {
  if (name !== 'gelu') return reaches[name] / tableHalf;
  const [scale, zeroPoint] = [0, 2].map((row) => tf.reshape(tf.slice(params, [row, 0], [1, 1]), [1]));
  const largest = tf.mul(tf.sub(tf.slice(settings, [1], [1]), zeroPoint!), scale!);
  return tf.mul(tf.maximum(largest, reaches.gelu), 1 / tableHalf);
}

/** [2 tableHalf, 1]: a function of every code. */
export const functionTable = <S>(layer: Layer<S>, name: TableFunction, step: number | tf.Tensor): tf.Tensor =>
  activate(layer, tf.mul(tf.reshape(tf.range(-tableHalf, tableHalf), [2 * tableHalf, 1]), step), name);

/** Numbers in steps of 2^-bits. */
export const inSteps = (numbers: tf.Tensor, bits: number): tf.Tensor => tf.round(tf.mul(numbers, 2 ** bits));

/** What a table [2 tableHalf, 1] has at each code. */
export const lookUp = (table: tf.Tensor, codes: tf.Tensor): tf.Tensor =>
  tf.reshape(embedding(tf.add(codes, tableHalf), table as tf.Tensor2D), codes.shape);

/** An operand of a sum of integers, each worth the scale of its params. */
export interface Part {
  /** Integer-valued floats; the first operand may be int32. */
  values: tf.Tensor;
  /** [4, 1] */
  params: tf.Tensor2D;
}

/** Integers, or the sum of two, brought to another grid and rounded once; less the zero point. */
export function bring<S>(layer: Layer<S>, { values, params }: Part, to: Target, more?: Part): tf.Tensor {
  const operand = { sums: values, inputParams: params, weightParams: layer.through(1), bias: zero() };
  return requantize(operand, to.params, to.settings, more ?? nothing());
}

const zero = () => tf.zeros([1]) as tf.Tensor1D;
/** A second operand that adds nothing. */
export const nothing = (): Part => ({ values: tf.zeros([1]), params: tf.zeros([4, 1]) });
