/** Initial weights: uniform, He (fan-in) before ReLU, Glorot otherwise; biases zero. Same seed, same numbers. */
import { volume, type WeightedLayerSpec } from '@/catalog/layers';
import { stream } from '@/data/random';
import { type ResolvedLayer, weightedLayers } from '@/experiment/network';

/**
 * He et al. 2015 (limit sqrt(6 / fanIn)) and Glorot & Bengio 2010 (limit sqrt(6 / (fanIn + fanOut))).
 * @returns float32 values by "<layer>/weights" and "<layer>/biases"
 */
export function initialValues(layers: readonly ResolvedLayer[], seed: number): Record<string, Float32Array> {
  const random = stream(seed, 'weights');
  const values: Record<string, Float32Array> = {};
  for (const { name, spec, weightShape } of weightedLayers(layers)) {
    const fanIn = volume(weightShape.slice(0, -1));
    const fanOut = volume(weightShape) / (weightShape.at(-2) ?? 1);
    const relu = (spec as WeightedLayerSpec).activation === 'relu';
    const limit = Math.sqrt(6 / (relu ? fanIn : fanIn + fanOut));
    values[`${name}/weights`] = Float32Array.from(
      { length: volume(weightShape) },
      () => (2 * random.next() - 1) * limit,
    );
    values[`${name}/biases`] = new Float32Array(weightShape.at(-1)!);
  }
  return values;
}
