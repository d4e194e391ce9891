/** Knowledge distillation (Hinton et al. 2015): a term of the loss that draws logits to those of a teacher. */
import * as tf from '@tensorflow/tfjs-core';
import type { Distillation } from '@/catalog/distillation';

/**
 * (1 - w) loss + w T² mean KL(softmax(teacher / T) || softmax(logits / T)); T² keeps the gradients' size. Rows whose
 * label is -1 are left out, as of the loss.
 * @param logits [n, classes], which gradients flow to @param teacher [n, classes], a constant @param labels [n], int32
 */
export function distilled(
  loss: tf.Scalar,
  logits: tf.Tensor2D,
  teacher: tf.Tensor2D,
  labels: tf.Tensor1D,
  { weight, temperature }: Distillation,
): tf.Scalar {
  const target = tf.logSoftmax(tf.div(teacher, temperature));
  const own = tf.logSoftmax(tf.div(logits, temperature));
  const divergence = tf.sum(tf.mul(tf.exp(target), tf.sub(target, own)), 1);
  const counted = tf.cast(tf.greaterEqual(labels, 0), 'float32');
  const mean = tf.div(tf.sum(tf.mul(divergence, counted)), tf.maximum(tf.sum(counted), 1));
  return tf.add(tf.mul(loss, 1 - weight), tf.mul(mean, weight * temperature ** 2)) as tf.Scalar;
}
