/**
 * The peer stock tfjs: none of the project's kernels, quantization as a composition of tfjs's own ops with a custom
 * gradient, as one would write it first.
 */
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { medianStep, type PeerLayer, type PeerNetwork, peerNetwork, randomValues } from './peerNetworks';
import { serve } from './serve';
import { sequences } from './tfjsSequences';

setWasmPaths(
  Object.fromEntries(
    ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'].map(
      (name) => [name, simdUrl],
    ),
  ),
);

/** Per channel, symmetric, -127 to 127, straight-through: a weight is never outside its own range. */
const roundWeights = (w: tf.Tensor): tf.Tensor =>
  tf.customGrad((value) => {
    const x = value as tf.Tensor;
    const axes = x.shape.map((_, axis) => axis).slice(0, -1);
    const scale = tf.maximum(tf.div(tf.max(tf.abs(x), axes), 127), 2 ** -24);
    const rounded = tf.mul(tf.clipByValue(tf.round(tf.div(x, scale)), -127, 127), scale);
    return { value: rounded, gradFunc: (dy: tf.Tensor) => dy };
  })(w);

/** An observer of the moving range of an activation. */
class Observer {
  private readonly low = tf.variable(tf.scalar(0), false);
  private readonly high = tf.variable(tf.scalar(0), false);
  private first = true;

  /** 0 to 255, affine, per tensor; the gradient passes inside the range. */
  round(values: tf.Tensor): tf.Tensor {
    const momentum = this.first ? 1 : 0.01;
    this.first = false;
    return tf.customGrad((value, save) => {
      const x = value as tf.Tensor;
      this.low.assign(tf.add(this.low, tf.mul(tf.sub(tf.min(x), this.low), momentum)));
      this.high.assign(tf.add(this.high, tf.mul(tf.sub(tf.max(x), this.high), momentum)));
      const low = tf.minimum(this.low, 0);
      const scale = tf.maximum(tf.div(tf.sub(tf.maximum(this.high, 0), low), 255), 2 ** -24);
      const zero = tf.round(tf.neg(tf.div(low, scale)));
      const q = tf.add(tf.round(tf.div(x, scale)), zero);
      const inside = tf.cast(tf.logicalAnd(tf.greaterEqual(q, 0), tf.lessEqual(q, 255)), 'float32');
      const rounded = tf.mul(tf.sub(tf.clipByValue(q, 0, 255), zero), scale);
      (save as tf.GradSaveFunc)([inside]);
      return { value: rounded, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0]!) };
    })(values);
  }
}

type Layer = (x: tf.Tensor) => tf.Tensor;

function makeLayer(layer: PeerLayer, quantize: boolean): Layer {
  if (layer.kind === 'pool') return (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid');
  if (layer.kind === 'flatten') return (x) => tf.reshape(x, [x.shape[0]!, -1]);
  const { inputs, outputs } = layer;
  const taps = layer.kind === 'conv' ? layer.size ** 2 : 1;
  const bound = 1 / Math.sqrt(inputs * taps);
  const shape = layer.kind === 'conv' ? [layer.size, layer.size, inputs, outputs] : [inputs, outputs];
  const w = tf.variable(tf.randomUniform(shape, -bound, bound));
  const b = tf.variable(tf.zeros([outputs]));
  const observer = new Observer();
  return (x) => {
    const values = quantize ? observer.round(x) : x;
    const weights = quantize ? roundWeights(w) : w;
    const product =
      layer.kind === 'conv'
        ? tf.conv2d(values as tf.Tensor4D, weights as tf.Tensor4D, 1, 'valid')
        : tf.matMul(values as tf.Tensor2D, weights as tf.Tensor2D);
    const sum = tf.add(product, b);
    return layer.kind === 'conv' || layer.relu ? tf.relu(sum) : sum;
  };
}

/** A step of Adam on a loss. */
function minimizing(loss: () => tf.Scalar): () => Promise<void> {
  const optimizer = tf.train.adam(1e-3);
  return async () => {
    const value = optimizer.minimize(loss, true)!;
    await value.data();
    value.dispose();
  };
}

function makeSequenceStep(workload: string, quantize: boolean): () => Promise<void> {
  const plain = (x: tf.Tensor) => x;
  const { forward, labels } = sequences[workload]!({
    weights: quantize ? roundWeights : plain,
    activations: () => {
      if (!quantize) return plain;
      const observer = new Observer();
      return (x) => observer.round(x);
    },
  });
  return minimizing(() => tf.losses.softmaxCrossEntropy(labels, forward()) as tf.Scalar);
}

function makeStep(network: PeerNetwork, quantize: boolean): () => Promise<void> {
  const { batch, input, classes } = network;
  const layers = network.layers.map((layer) => makeLayer(layer, quantize));
  const size = input.reduce((a, b) => a * b, batch);
  const x = tf.tensor(randomValues(size, 1), [batch, ...input]);
  const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
  const y = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32');
  return minimizing(() => {
    const logits = layers.reduce<tf.Tensor>((values, layer) => layer(values), x);
    return tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar;
  });
}

let steps: Record<'float' | 'qat', () => Promise<void>>;

serve({
  async start(backend: 'wasm' | 'cpu') {
    // What a page without cross-origin isolation gets; several threads did not start inside a bundled worker.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend of tfjs did not start.`);
    await tf.ready();
  },
  async prepare(workload: string) {
    tf.disposeVariables();
    const make = (quantize: boolean) =>
      sequences[workload] ? makeSequenceStep(workload, quantize) : makeStep(peerNetwork(workload), quantize);
    steps = { float: make(false), qat: make(true) };
    for (const step of [steps.float, steps.qat]) for (let i = 0; i < 3; i++) await step();
  },
  async slice(ms: number) {
    return { float: await medianStep(ms / 2, steps.float), qat: await medianStep(ms / 2, steps.qat) };
  },
});
