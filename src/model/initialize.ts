/** Initial values of a network's tensors, as its descriptors say. Same seed, same numbers. */
import { volume } from '@/catalog/layers';
import { stream } from '@/data/random';
import type { ResolvedLayer } from '@/experiment/network';

/** @returns float32 values by "<layer>/<tensor>" */
export function initialValues(layers: readonly ResolvedLayer[], seed: number): Record<string, Float32Array> {
  const random = stream(seed, 'weights');
  const values: Record<string, Float32Array> = {};
  for (const layer of layers)
    for (const { name, shape, initial } of layer.tensors)
      values[`${layer.name}/${name}`] = Float32Array.from({ length: volume(shape) }, (_, index) =>
        'limit' in initial
          ? (2 * random.next() - 1) * initial.limit
          : 'value' in initial
            ? initial.value
            : initial.rows[Math.floor(index / shape[1]!)]!,
      );
  return values;
}
