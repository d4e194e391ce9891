/** Dense layer. */
import type { Dense } from '@/catalog/layers';
import type { LayerImplementation } from './layer';
import { product, scaled } from './linear';

export const dense: LayerImplementation<Dense> = (input, layer) => {
  const weights = layer.weights();
  const sums = product(input.values, weights.values);
  return layer.round(scaled(sums, input, weights, layer.variable('biases'), layer.spec.activation));
};
