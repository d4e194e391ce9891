/** Dense layer. */
import type { Dense } from '@/catalog/layers';
import type { LayerImplementation } from './layer';
import { product, weighted } from './linear';

export const dense: LayerImplementation<Dense> = (input, layer) => weighted(input, layer, product);
