/** Constant tensors that every pass of a network uses, made once. */
import * as tf from '@tensorflow/tfjs-core';
import { stream } from '@/data/random';
import { passThroughParams } from '@/quant/settings';
import { logitParams, logitSettings } from './integers';

export class Constants {
  /** A clock that stands still: round to nearest. */
  readonly stopped = tf.keep(tf.tensor1d([-1]));
  /** The grid of logits that have no bits. */
  readonly logits = {
    params: tf.keep(tf.tensor2d(logitParams, [4, 1])),
    settings: tf.keep(tf.tensor1d(logitSettings)),
  };
  private readonly made = new Map<number, tf.Tensor2D>();
  private readonly seeds = new Map<string, tf.Tensor1D>();
  /** Params [4, channels] that let values through. */
  passThrough(channels: number): tf.Tensor2D {
    let params = this.made.get(channels);
    if (!params) {
      params = tf.keep(tf.tensor2d(passThroughParams(channels), [4, channels]));
      this.made.set(channels, params);
    }
    return params;
  }
  /** [1]: a layer's seed of what is drawn by chance, a whole number exact as float32. */
  seed(seed: number, layer: string): tf.Tensor1D {
    let tensor = this.seeds.get(layer);
    if (!tensor) {
      tensor = tf.keep(tf.tensor1d([Math.floor(stream(seed, `layer/${layer}`).next() * 2 ** 24)]));
      this.seeds.set(layer, tensor);
    }
    return tensor;
  }
  dispose(): void {
    tf.dispose([
      this.stopped,
      this.logits.params,
      this.logits.settings,
      ...this.made.values(),
      ...this.seeds.values(),
    ]);
    this.made.clear();
    this.seeds.clear();
  }
}
