/** softmaxCrossEntropy(logits, labels): the mean negative log likelihood of a classifier, with its gradient. */
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectShape, runKernel } from '../definition';
import { softmaxCrossEntropyCpu, softmaxCrossEntropyGradientCpu } from './cpu';
import { softmaxCrossEntropyGradientWasm, softmaxCrossEntropyWasm } from './wasm';
import { softmaxCrossEntropyGradientWebgpu, softmaxCrossEntropyWebgpu } from './webgpu';

const name = 'SoftmaxCrossEntropy';
const gradientName = 'SoftmaxCrossEntropyGradient';

/**
 * mean over b of -log softmax(logits[b])[labels[b]], in nats. The row's maximum is subtracted first, so that nothing
 * overflows. A row whose label is -1 is left out, whatever its logits (PyTorch's ignore_index): the mean is over the n
 * other rows, and 0 where there are none. Any other label outside 0 ... K - 1 makes the loss, and its row of the
 * gradient, NaN; so does a NaN logit.
 * Gradient: dlogits = (softmax - onehot) / n * dy, 0 in rows left out; the labels get none.
 * @param logits [B, K]; of sequences [B * T, K] @param labels [B], int32
 * @throws if a shape or the labels' type does not fit
 */
export function softmaxCrossEntropy(logits: Tensor2D, labels: Tensor1D): Scalar {
  expectShape('The logits', logits.shape, [-1, -1]);
  expectShape('The labels', labels.shape, [logits.shape[0]]);
  if (labels.dtype !== 'int32') throw new Error(`The labels must be int32, but are ${labels.dtype}.`);
  return runKernel<Scalar>(name, { logits, labels });
}

/** Registers the kernel and its gradient. */
export function registerSoftmaxCrossEntropy(): void {
  defineKernel({
    name,
    cpu: softmaxCrossEntropyCpu,
    wasm: softmaxCrossEntropyWasm,
    webgpu: softmaxCrossEntropyWebgpu,
    gradient: {
      inputsToSave: ['logits', 'labels'],
      gradFunc: (dy, saved) => {
        const [logits, labels] = saved as [Tensor, Tensor];
        return { logits: () => runKernel(gradientName, { dy: dy as Tensor, logits, labels }) };
      },
    },
  });
  defineKernel({
    name: gradientName,
    cpu: softmaxCrossEntropyGradientCpu,
    wasm: softmaxCrossEntropyGradientWasm,
    webgpu: softmaxCrossEntropyGradientWebgpu,
  });
}
