/** The recurrent network and the transformer of peers/pytorch_qat.py in tfjs's own ops. */
import * as tf from '@tensorflow/tfjs-core';
import { randomValues } from './peerNetworks';

/** How the peer rounds, or does not. */
export interface Rounding {
  weights(w: tf.Tensor): tf.Tensor;
  /** A new place in the network, with an observer of its own. */
  activations(): (x: tf.Tensor) => tf.Tensor;
}
export interface Sequence {
  /** Logits [rows, classes]. */
  forward(): tf.Tensor2D;
  /** One-hot [rows, classes]. */
  labels: tf.Tensor;
}

const uniform = (shape: number[], bound: number) => tf.variable(tf.randomUniform(shape, -bound, bound));

/** A dense layer over the last axis whose input and weights are rounded. */
function linear({ weights, activations }: Rounding, inputs: number, outputs: number) {
  const bound = 1 / Math.sqrt(inputs);
  const w = uniform([inputs, outputs], bound);
  const b = tf.variable(tf.zeros([outputs]));
  const round = activations();
  /** The weights as they are multiplied in, made once for all positions of a recurrent layer. */
  const rounded = () => weights(w) as tf.Tensor2D;
  return {
    rounded,
    apply(x: tf.Tensor, by = rounded()): tf.Tensor {
      const rows = tf.reshape(round(x), [-1, inputs]) as tf.Tensor2D;
      return tf.reshape(tf.add(tf.matMul(rows, by), b), [...x.shape.slice(0, -1), outputs]);
    },
  };
}

const oneHot = (count: number, classes: number): tf.Tensor => {
  const labels = Int32Array.from({ length: count }, (_, i) => (i * 7) % classes);
  return tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32');
};

/** One GRU layer over the 28 rows of an image. */
function gru(rounding: Rounding): Sequence {
  const [batch, positions, features, units, classes] = [64, 28, 28, 64, 10];
  const input = linear(rounding, features, 3 * units);
  const state = linear(rounding, units, 3 * units);
  const out = linear(rounding, units, classes);
  const x = tf.tensor(randomValues(batch * positions * features, 1), [batch, positions, features]);
  return {
    labels: oneHot(batch, classes),
    forward() {
      const parts = tf.unstack(input.apply(x), 1);
      const by = state.rounded();
      let h: tf.Tensor = tf.zeros([batch, units]);
      for (const part of parts) {
        const [xr, xz, xn] = tf.split(part, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
        const [hr, hz, hn] = tf.split(state.apply(h, by), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
        const r = tf.sigmoid(tf.add(xr, hr));
        const z = tf.sigmoid(tf.add(xz, hz));
        const n = tf.tanh(tf.add(xn, tf.mul(r, hn)));
        h = tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, h));
      }
      return out.apply(h) as tf.Tensor2D;
    },
  };
}

function layerNorm(width: number) {
  const gamma = tf.variable(tf.ones([width]));
  const beta = tf.variable(tf.zeros([width]));
  return (x: tf.Tensor): tf.Tensor => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), gamma), beta);
  };
}

/** GELU, with tanh. */
const gelu = (x: tf.Tensor): tf.Tensor => {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
};

function block(rounding: Rounding, positions: number, width: number, heads: number) {
  const depth = width / heads;
  const [norm1, norm2] = [layerNorm(width), layerNorm(width)];
  const projections = [0, 1, 2].map(() => linear(rounding, width, width));
  const rounds = [0, 1, 2, 3].map(() => rounding.activations());
  const [out, up, down] = [
    linear(rounding, width, width),
    linear(rounding, width, 4 * width),
    linear(rounding, 4 * width, width),
  ];
  const ahead = Float32Array.from({ length: positions ** 2 }, (_, i) =>
    i % positions > Math.floor(i / positions) ? -1e9 : 0,
  );
  const mask = tf.tensor(ahead, [positions, positions]);
  return (x: tf.Tensor): tf.Tensor => {
    const batch = x.shape[0]!;
    const normed = norm1(x);
    const [q, k, v] = projections.map((projection, i) => {
      const parts = tf.reshape(projection.apply(normed), [batch, positions, heads, depth]);
      return rounds[i]!(tf.transpose(parts, [0, 2, 1, 3]));
    }) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(depth)), mask);
    const mixed = tf.matMul(rounds[3]!(tf.softmax(scores)), v);
    const context = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, positions, width]);
    const after = tf.add(x, out.apply(context));
    return tf.add(after, down.apply(gelu(up.apply(norm2(after)))));
  };
}

/** Two blocks of 64 features and 4 heads over 32 symbols. The embedding is a product with one-hot rows: wasm cannot train a gather. */
function transformer(rounding: Rounding): Sequence {
  const [batch, positions, symbols, width] = [32, 32, 32, 64];
  const tokens = uniform([symbols, width], 1);
  const places = tf.variable(tf.zeros([positions, width]));
  const blocks = [0, 1].map(() => block(rounding, positions, width, 4));
  const norm = layerNorm(width);
  const head = linear(rounding, width, symbols);
  const x = oneHot(batch * positions, symbols) as tf.Tensor2D;
  return {
    labels: oneHot(batch * positions, symbols),
    forward() {
      const embedded = tf.reshape(tf.matMul(x, tokens as tf.Tensor2D), [batch, positions, width]);
      const values = blocks.reduce((each, one) => one(each), tf.add(embedded, places));
      return tf.reshape(head.apply(norm(values)), [-1, symbols]) as tf.Tensor2D;
    },
  };
}

export const sequences: Record<string, (rounding: Rounding) => Sequence> = {
  'digits-gru': gru,
  'char-transformer': transformer,
};
