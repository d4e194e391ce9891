/**
 * DoReFa-Net's weights (Zhou et al. 2016): 2 Qk(tanh(w) / (2 M) + 1/2) - 1 with M = max|tanh(w)|. The gradient is
 * straight through Qk alone, so that it passes tanh and the maximum as they are.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type WeightSite, weightGranularity } from '@/catalog/quantizers';
import { quantizeByRule, quantizeByRuleGradient } from '@/kernels/quantizeByRule';
import { mode } from './settings';

/**
 * What the weight of the greatest magnitude gets because all are divided by its tanh: with the values v = n t / M, t = tanh(w),
 * the derivative by t of that one is -sum(dv v) / t, shared by equal ones.
 */
function throughMaximum(
  dq: Tensor,
  weights: Tensor,
  params: Tensor2D,
  settings: Tensor1D,
  axes: number[],
): Tensor {
  const magnitudes = tf.abs(weights);
  const greatest = tf.cast(tf.equal(magnitudes, tf.max(magnitudes, axes, true)), 'float32');
  const ofAll = tf.div(greatest, tf.sum(greatest, axes, true));
  const t = tf.tanh(weights);
  // v = 2 inverse t: the factor that takes tanh to the grid is row 1.
  const channels = params.shape[1];
  const factor = tf.mul(2, tf.slice(params, [1, 0], [1, channels]));
  const sum = tf.sum(tf.mul(dq, tf.mul(t, tf.reshape(factor, [channels]))), axes, true);
  const safe = tf.where(tf.equal(t, 0), tf.onesLike(t), t);
  const moved = tf.mul(tf.div(tf.neg(sum), safe), tf.sub(1, tf.square(t)));
  const active = tf.cast(tf.equal(tf.slice(settings, 2, 1), mode.tanh), 'float32');
  return tf.mul(tf.mul(moved, ofAll), active);
}

/** Quantizes weights by DoReFa's rule; at 1 bit and at 32 as the settings' mode says. */
export function quantizeDorefa(
  weights: Tensor,
  params: Tensor2D,
  site: WeightSite,
  settings: Tensor1D,
  clock: Tensor,
): Tensor {
  const axes = weights.shape
    .map((_, axis) => axis)
    .slice(0, weightGranularity(site) === 'channel' ? -1 : undefined);
  const rounded = tf.customGrad((...inputs) => {
    const [w, save] = inputs as unknown as [Tensor, tf.GradSaveFunc];
    save([w, params, settings, clock]);
    return {
      value: quantizeByRule(w, params, settings, clock),
      gradFunc: (dq, saved) => {
        const [x, p, s, time] = saved as [Tensor, Tensor2D, Tensor1D, Tensor];
        const direct = quantizeByRuleGradient(dq, x, p, s, time);
        return site.estimator === 'none' ? direct : tf.add(direct, throughMaximum(dq, x, p, s, axes));
      },
    };
  });
  return rounded(weights);
}
