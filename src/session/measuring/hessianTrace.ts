/**
 * The mean Hessian trace of a layer's weights by Hutchinson's method: the mean of v' H v over random signs v, for each weight.
 *
 * H v is a central difference of gradients, (g(w + e v) - g(w - e v)) / 2e: its error is of order e² in the third
 * derivative, and float32 gradients add about 1e-6 |g| / e. e is a hundredth of the weights' root mean square.
 */
import * as tf from '@tensorflow/tfjs-core';
import { stream } from '@/data/random';
import type { ResolvedLayer } from '@/experiment/network';
import { softmaxCrossEntropy } from '@/kernels/softmaxCrossEntropy';
import { plainPass } from '@/model/pass';
import { placeKey } from '@/model/sites';
import type { NetworkVariables } from '@/model/variables';
import type { Prober } from './prober';

const examples = 256;
const probes = 6;

export interface Trace {
  mean: number;
  /** Standard error of the mean over the probes. */
  error: number;
}

/** @param copies of the float twin's variables: the layer's are moved and put back */
export async function hessianTrace(
  { network, plan, batch, probed }: Prober,
  layer: ResolvedLayer,
  copies: NetworkVariables,
): Promise<Trace> {
  const variable = copies.get(placeKey(layer.name, 'weights'))!;
  const random = stream(probed.experiment.seed, `trace/${layer.name}`);
  const count = Math.min(examples, batch.x.shape[0]!);
  const perExample = batch.y.size / batch.x.shape[0]!;
  const [rows, labels] = tf.tidy(() => [
    tf.keep(tf.slice(batch.x, 0, count)),
    tf.keep(tf.slice(batch.y, 0, count * perExample)),
  ]) as [tf.Tensor, tf.Tensor1D];
  network.plan = plan;
  const gradientAt = (values: tf.Tensor): tf.Tensor =>
    tf.tidy(() => {
      variable.assign(values);
      const { grads } = tf.variableGrads(() => {
        const logits = network.forward(copies, rows, plainPass);
        return softmaxCrossEntropy(tf.reshape(logits, [-1, logits.shape.at(-1)!]), labels);
      }, [variable]);
      return grads[variable.name]!;
    });
  const start = tf.tidy(() => tf.keep(tf.clone(variable as tf.Tensor)));
  const deviation = tf.tidy(() => tf.sqrt(tf.mean(tf.square(start))));
  const [size = 0] = await deviation.data();
  deviation.dispose();
  const step = 0.01 * Math.max(size, 1e-6);
  const found: number[] = [];
  for (let probe = 0; probe < probes; probe++) {
    const signs = Float32Array.from({ length: variable.size }, () => (random.next() < 0.5 ? -1 : 1));
    const result = tf.tidy(() => {
      const v = tf.tensor(signs, variable.shape);
      const up = gradientAt(tf.add(start, tf.mul(v, step)));
      const down = gradientAt(tf.sub(start, tf.mul(v, step)));
      return tf.sum(tf.mul(v, tf.div(tf.sub(up, down), 2 * step)));
    });
    found.push((await result.data())[0]! / variable.size);
    result.dispose();
  }
  tf.tidy(() => variable.assign(tf.clone(start)));
  tf.dispose([start, rows, labels]);
  const mean = found.reduce((a, b) => a + b, 0) / probes;
  const variance = found.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (probes - 1);
  return { mean, error: Math.sqrt(variance / probes) };
}
