/** Activation functions apart from products. */
import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction } from '@/catalog/activations';
import { epilogue } from '@/kernels/epilogue';
import type { Layer } from './layer';

/** An activation function of numbers. */
export function activate<S>(layer: Layer<S>, values: tf.Tensor, activation: ActivationFunction): tf.Tensor {
  if (activation === 'linear') return values;
  const channels = values.shape.at(-1)!;
  const none = tf.zeros([channels]) as tf.Tensor1D;
  return epilogue(values, layer.through(1), layer.through(channels), none, activation);
}
