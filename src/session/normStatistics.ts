/** Batch norm's running statistics, moved by examples that nothing is trained on. */
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '@/model/network';
import type { Pass } from '@/model/pass';
import type { Twin } from './twins';

/**
 * Moves a network's running statistics by a batch with the weights of now.
 * @param x [batch, ...inputShape]
 * @param momentum the batch's share in them, 0 to 1
 */
export function moveStatistics(
  network: Network,
  { variables, pass }: Twin,
  x: tf.Tensor,
  momentum: number,
  more: Partial<Pass>,
): void {
  tf.tidy(() => {
    const norm = tf.tensor1d([momentum]);
    const { clock: _none, ...rest } = pass;
    network.forward(variables, x, { ...rest, observe: false, training: false, norm, ...more });
  });
}
