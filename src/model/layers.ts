/** Layer kinds: what each computes. Weighted kinds give the plain product; bias, scale and rounding are the network's. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerSpec } from '@/catalog/layers';

type LayerOf<K extends LayerSpec['kind']> = Extract<LayerSpec, { kind: K }>;

/** Products of integer-valued inputs [batch, ...] and weights (output channel last). */
interface WeightedLayer<S> {
  accumulate(spec: S, values: tf.Tensor, weights: tf.Tensor): tf.Tensor;
}
/** A layer that only moves or selects values, so that scale and zero point stay those of its input. */
interface PlainLayer<S> {
  apply(spec: S, values: tf.Tensor): tf.Tensor;
}

export const layerImplementations = {
  dense: {
    accumulate: (_spec, values, weights) => {
      const rows = values.shape[0]!;
      const flat = values.rank === 2 ? (values as tf.Tensor2D) : tf.reshape(values, [rows, -1]);
      return tf.matMul(flat as tf.Tensor2D, weights as tf.Tensor2D);
    },
  },
  conv2d: {
    accumulate: (spec, values, weights) =>
      tf.conv2d(values as tf.Tensor4D, weights as tf.Tensor4D, spec.stride, spec.padding),
  },
  maxPool2d: {
    apply: (spec, values) => tf.maxPool(values as tf.Tensor4D, spec.size, spec.size, 'valid'),
  },
} satisfies { [K in LayerSpec['kind']]: WeightedLayer<LayerOf<K>> | PlainLayer<LayerOf<K>> };

/** The implementation of a layer's kind, typed for any layer. */
export const implementationOf = (spec: LayerSpec): WeightedLayer<LayerSpec> | PlainLayer<LayerSpec> =>
  layerImplementations[spec.kind] as WeightedLayer<LayerSpec> | PlainLayer<LayerSpec>;
