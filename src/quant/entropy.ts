/**
 * The clip that changes a histogram least (Migacz, "8-bit inference with TensorRT", 2017): of all clips the one whose
 * clipped histogram P and its version Q on the quantizer's levels have the least Kullback-Leibler divergence.
 */

export const bins = 2048;
/** Clips tried lie this many bins apart. */
const stride = 16;

/** Counts of magnitudes in equal bins from 0 to the largest. */
export function magnitudes(values: ArrayLike<number>): { counts: Float64Array; largest: number } {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  const counts = new Float64Array(bins);
  if (largest > 0)
    for (let i = 0; i < values.length; i++)
      counts[Math.min(bins - 1, Math.floor((Math.abs(values[i]!) / largest) * bins))]!++;
  return { counts, largest };
}

/** Divergence of the histogram clipped after `kept` bins from its version on `levels` levels, in nats. */
export function clippedDivergence(counts: Float64Array, kept: number, levels: number): number {
  let total = 0;
  let outside = 0;
  for (let i = 0; i < counts.length; i++) {
    total += counts[i]!;
    if (i >= kept) outside += counts[i]!;
  }
  if (total === 0) return 0;
  const inside = total - outside;
  if (inside === 0) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  for (let level = 0; level < levels; level++) {
    const from = Math.floor((level * kept) / levels);
    const to = Math.floor(((level + 1) * kept) / levels);
    let sum = 0;
    let filled = 0;
    for (let i = from; i < to; i++) {
      sum += counts[i]!;
      if (counts[i]! > 0) filled++;
    }
    for (let i = from; i < to; i++) {
      const reference = counts[i]! + (i === kept - 1 ? outside : 0);
      if (reference === 0) continue;
      // What falls on empty bins of Q costs as much as a bin that is nearly empty.
      const q = counts[i]! > 0 ? sum / filled / inside : 1e-6;
      divergence += (reference / total) * Math.log(reference / total / q);
    }
  }
  return divergence;
}

/** The magnitude to clip at, with so many levels for magnitudes. */
export function entropyClip(values: ArrayLike<number>, levels: number): number {
  const { counts, largest } = magnitudes(values);
  if (largest === 0) return 0;
  let best = bins;
  let least = Number.POSITIVE_INFINITY;
  for (let kept = bins; kept >= Math.max(stride, Math.min(levels, bins)); kept -= stride) {
    const divergence = clippedDivergence(counts, kept, levels);
    if (divergence >= least) continue;
    least = divergence;
    best = kept;
  }
  return (largest * best) / bins;
}
