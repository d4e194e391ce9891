/** Average pooling: means fall between the levels of the input, so they are rounded anew. */
import type * as tf from '@tensorflow/tfjs-core';
import type { AveragePool2d, GlobalAveragePool } from '@/catalog/layers';
import * as kernels from '@/kernels/averagePool2d';
import type { LayerImplementation } from './layer';

export const averagePool2d: LayerImplementation<AveragePool2d> = ({ values, params }, layer) => {
  const means = kernels.averagePool2d(values as tf.Tensor4D, layer.spec.size);
  return layer.round(layer.numbers({ values: means, params }));
};

export const globalAveragePool: LayerImplementation<GlobalAveragePool> = ({ values, params }, layer) => {
  const means = kernels.globalAveragePool(values as tf.Tensor4D);
  return layer.round(layer.numbers({ values: means, params }));
};
