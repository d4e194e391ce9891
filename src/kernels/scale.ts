/** What every quantizer does with the scale that it finds, in JavaScript; ./wgsl.ts and ./assembly have their own. */

/** The smallest scale, so that the inverse of a scale is always finite. A power of two: exact everywhere. */
export const smallestScale = 2 ** -24;

/** Scale and inverse as they are stored: at least the smallest scale; NaN where the range is not finite. */
export function scaleAndInverse(scale: number): readonly [scale: number, inverse: number] {
  const stored = Number.isFinite(scale) ? Math.max(scale, smallestScale) : Number.NaN;
  return [stored, Math.fround(1 / stored)];
}
