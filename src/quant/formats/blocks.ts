/** The scales of the blocks of a Microscaling format, for looking at what was rounded. */
import { type BlockFormat, floatFormats, inputAxis, maxExponent } from '@/catalog/formats';

const smallestScale = 2 ** -127;

/** The largest power of two that is at most `x`; for x > 0. */
function powerBelow(x: number): number {
  const guess = 2 ** Math.floor(Math.log2(x));
  return guess > x ? guess / 2 : 2 * guess <= x ? 2 * guess : guess;
}

/**
 * The scale of the block of each value, as kernels/quantizeMx finds it: NaN where a value of the block is not finite.
 * @param values of a tensor of this shape, the output channel last
 */
export function blockScales(
  values: Float32Array,
  shape: readonly number[],
  { element, blockSize }: BlockFormat,
): Float32Array {
  const { length } = inputAxis(shape);
  const channels = shape.at(-1) ?? 1;
  const blocksOfAxis = Math.ceil(length / blockSize);
  const blockOf = (i: number) => {
    const row = Math.floor(i / channels);
    const block = Math.floor(row / length) * blocksOfAxis + Math.floor((row % length) / blockSize);
    return block * channels + (i % channels);
  };
  const largest = new Float32Array(Math.ceil(values.length / channels / length) * blocksOfAxis * channels);
  values.forEach((value, i) => {
    const block = blockOf(i);
    largest[block] = Math.max(largest[block]!, Math.abs(value));
  });
  const emax = 2 ** maxExponent(floatFormats[element]);
  const scales = largest.map((most) => {
    if (!Number.isFinite(most)) return Number.NaN;
    return most === 0 ? smallestScale : Math.max(powerBelow(most) / emax, smallestScale);
  });
  return values.map((_, i) => scales[blockOf(i)]!);
}
