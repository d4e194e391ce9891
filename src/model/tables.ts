/**
 * Functions of codes, as the deployed network has them in tables: here the function itself is computed at each code's argument,
 * which gives the same.
 */
import * as tf from '@tensorflow/tfjs-core';
import { embedding } from '@/kernels/embedding';
import { requantize } from '@/kernels/requantize';
import { codeHalf, curveBits, type FixedPoint, reaches, type TableFunction } from '@/quant/fixedPoint';
import { activate } from './layers/activate';
import type { Deployed, Layer } from './layers/layer';

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

/** Codes of a function's argument by their step, a number or a tensor [1]. */
export const codesOf = (step: number | tf.Tensor): Target => ({
  params: paramsOf(step),
  settings: tf.tensor1d([-codeHalf, codeHalf - 1]),
});

/** The step between the arguments of a function whose output comes to a grid. */
export function codeStep(name: TableFunction, { params, settings }: Target): number | tf.Tensor {
  if (name !== 'gelu') return reaches[name] / codeHalf;
  const [scale, zeroPoint] = [0, 2].map((row) => tf.reshape(tf.slice(params, [row, 0], [1, 1]), [1]));
  const largest = tf.mul(tf.sub(tf.slice(settings, [1], [1]), zeroPoint!), scale!);
  return tf.mul(tf.maximum(largest, reaches.gelu), 1 / codeHalf);
}

/** A function at the argument of each code. */
export const functionOf = <S>(
  layer: Layer<S>,
  name: TableFunction,
  codes: tf.Tensor,
  step: number | tf.Tensor,
): tf.Tensor => activate(layer, tf.mul(codes, step), name);

/** Numbers in steps of 2^-bits. */
export const inSteps = (numbers: tf.Tensor, bits: number): tf.Tensor => tf.round(tf.mul(numbers, 2 ** bits));

/** Points of a function at every 2^curveBits codes, in steps of 2^-bits: [points, 1]. */
export function curveOf<S>(layer: Layer<S>, name: TableFunction, step: number, bits: number): tf.Tensor2D {
  const half = codeHalf / 2 ** curveBits;
  const codes = tf.mul(tf.reshape(tf.range(-half, half + 1), [2 * half + 1, 1]), 2 ** curveBits);
  return inSteps(functionOf(layer, name, codes, step), bits) as tf.Tensor2D;
}

/** The curve at each code, on the line between two points, rounded half to even. */
export function onCurve(curve: tf.Tensor2D, codes: tf.Tensor): tf.Tensor {
  const below = tf.floor(tf.mul(codes, 2 ** -curveBits));
  const index = tf.add(below, codeHalf / 2 ** curveBits);
  const at = (points: tf.Tensor) => tf.reshape(embedding(points, curve), codes.shape);
  const first = at(index);
  const rest = tf.sub(codes, tf.mul(below, 2 ** curveBits));
  const rise = tf.mul(tf.sub(at(tf.add(index, 1)), first), rest);
  return tf.add(first, tf.round(tf.mul(rise, 2 ** -curveBits)));
}

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
