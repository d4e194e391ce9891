/** softmaxCrossEntropy in JavaScript, in float64. */
import { floats, integers, result } from '../cpu';
import type { Implementation } from '../definition';
import { ignoredLabel } from './constants';

/** How many labels count. */
function counted(labels: Int32Array): number {
  return labels.reduce((count, label) => count + (label === ignoredLabel ? 0 : 1), 0);
}

/** The maximum of a row and the sum of exp(logit - maximum). */
function maximumAndSum(row: Float32Array): readonly [maximum: number, sum: number] {
  const maximum = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return [maximum, row.reduce((sum, logit) => sum + Math.exp(logit - maximum), 0)];
}

export const softmaxCrossEntropyCpu: Implementation<'logits' | 'labels'> = ({ inputs, backend }) => {
  const logits = floats(backend, inputs.logits);
  const labels = integers(backend, inputs.labels);
  const classes = inputs.logits.shape[1]!;
  const count = counted(labels);
  const total = labels.reduce((loss, label, b) => {
    if (label === ignoredLabel) return loss;
    const row = logits.subarray(b * classes, (b + 1) * classes);
    const [maximum, sum] = maximumAndSum(row);
    return loss + Math.log(sum) - ((row[label] ?? Number.NaN) - maximum);
  }, 0);
  return result(backend, [], Float32Array.of(count === 0 ? 0 : total / count));
};

export const softmaxCrossEntropyGradientCpu: Implementation<'dy' | 'logits' | 'labels'> = ({
  inputs,
  backend,
}) => {
  const logits = floats(backend, inputs.logits);
  const labels = integers(backend, inputs.labels);
  const classes = inputs.logits.shape[1]!;
  const [dy = 0] = floats(backend, inputs.dy);
  const gradient = new Float32Array(logits.length);
  const count = counted(labels);
  labels.forEach((label, b) => {
    if (label === ignoredLabel) return;
    const row = logits.subarray(b * classes, (b + 1) * classes);
    const [maximum, sum] = maximumAndSum(row);
    const factor = label in row ? dy / count : Number.NaN;
    row.forEach((logit, k) => {
      const probability = Math.exp(logit - maximum) / sum;
      gradient[b * classes + k] = (probability - (k === label ? 1 : 0)) * factor;
    });
  });
  return result(backend, inputs.logits.shape, gradient);
};
