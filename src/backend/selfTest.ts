/**
 * The start-up self-test: the gradients of a tiny quantized network on the current backend against known ones. Drivers
 * exist on which a kernel gives zeros or nonsense without an error; training there would fail without a word.
 */
import * as tf from '@tensorflow/tfjs-core';
import { epilogue } from '@/kernels/epilogue';
import { quantize } from '@/kernels/quantize';
import { softmaxCrossEntropy } from '@/kernels/softmaxCrossEntropy';
import { weightParams } from '@/kernels/weightParams';
import expected from './selfTest.json';

/** Largest difference from a known value, of values around 0.1: hundreds of times what rounding makes. */
const tolerance = 1e-3;

/** Values without a pattern that a wrong kernel could meet by chance; the same as in scripts/fixtures-self-test.py. */
const values = <T extends tf.Tensor>(shape: number[], phase: number, step: number, scale: number): T =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i * step + phase) * scale),
    shape,
  ) as T;

/** Convolution, ReLU, pooling, a 4-bit dense layer and cross-entropy, with the gradients of all parameters. */
function compute(): Record<string, tf.Tensor> {
  return tf.tidy(() => {
    const x = values<tf.Tensor4D>([2, 6, 6, 1], 1, 1.7, 1);
    const y = tf.tensor1d([0, 2], 'int32');
    const parameters = [
      values([3, 3, 1, 4], 2, 1.3, 0.5),
      values([4], 0.5, 0.6, 0.2),
      values([16, 3], 4, 1.1, 0.5),
      values([3], 5, 1.7, 0.1),
    ];
    const unit = (channels: number): tf.Tensor2D =>
      tf.tensor2d(
        [1, 1, 0, 0].flatMap((value) => Array<number>(channels).fill(value)),
        [4, channels],
      );
    const settings = tf.tensor1d([-7, 7, 1, 1]);
    const loss = (...tensors: tf.Tensor[]): tf.Scalar => {
      const [filters, shift, weights, bias] = tensors as [tf.Tensor4D, tf.Tensor1D, tf.Tensor2D, tf.Tensor1D];
      const images = epilogue(tf.conv2d(x, filters, 1, 'valid'), unit(1), unit(4), shift, 'relu');
      const pooled = tf.reshape(tf.maxPool(images, 2, 2, 'valid'), [2, 16]);
      const params = weightParams(weights, settings, 'absmax');
      const products = tf.matMul(pooled, quantize(weights, params, settings)) as tf.Tensor2D;
      return softmaxCrossEntropy(epilogue(products, unit(1), params, bias, 'linear'), y);
    };
    const { value, grads } = tf.valueAndGrads(loss)(parameters);
    const [filters, shift, weights, bias] = grads;
    return { loss: value, filters: filters!, shift: shift!, weights: weights!, bias: bias! };
  });
}

/** @returns a sentence that says what is wrong with the current backend, undefined if nothing is */
export async function selfTest(): Promise<string | undefined> {
  const computed = compute();
  try {
    const known: Record<string, number[]> = { loss: [expected.loss], ...expected.gradients };
    for (const [name, tensor] of Object.entries(computed)) {
      const found = await tensor.data();
      const wrong = known[name]!.findIndex((value, i) => !(Math.abs(found[i]! - value) <= tolerance));
      if (wrong < 0) continue;
      const what = name === 'loss' ? 'the loss' : `a gradient (${name})`;
      return `it computes ${what} of the self-test as ${found[wrong]} instead of ${known[name]![wrong]}, so that training would go wrong.`;
    }
    return undefined;
  } finally {
    tf.dispose(computed);
  }
}
