/** The strips' small histograms as four paths: negative and positive, inside the range and clipped. */
import type { Histogram } from '@/session/protocol';

export type BarKind = 'negSoft' | 'posSoft' | 'neg' | 'pos';

/**
 * Bars over an axis that has zero in the middle. The clipped share is taken from the outermost bins, because a symmetric
 * grid clips the largest magnitudes.
 */
export function bars(
  histogram: Histogram,
  clippedShare: number,
  width: number,
  height: number,
): Record<BarKind, string> {
  const { min, max, counts } = histogram;
  const reach = Math.max(Math.abs(min), Math.abs(max)) || 1;
  const step = (max - min) / counts.length;
  const most = Math.max(...counts, 1);
  const total = counts.reduce((sum, n) => sum + n, 0);
  const bins = counts.map((n, index) => ({ n, middle: min + (index + 0.5) * step }));
  const clipped = new Set<(typeof bins)[number]>();
  let left = clippedShare * total;
  for (const bin of bins.toSorted((a, b) => Math.abs(b.middle) - Math.abs(a.middle))) {
    if (left <= bin.n / 2) break;
    clipped.add(bin);
    left -= bin.n;
  }
  const paths: Record<BarKind, string> = { negSoft: '', posSoft: '', neg: '', pos: '' };
  const barWidth = (step / (2 * reach)) * width;
  for (const bin of bins) {
    if (bin.n === 0) continue;
    const sign = bin.middle < 0 ? 'neg' : 'pos';
    const kind: BarKind = clipped.has(bin) ? sign : `${sign}Soft`;
    const x = ((bin.middle - step / 2) / reach + 1) * (width / 2);
    const top = height - (bin.n / most) * (height - 1);
    paths[kind] +=
      `M${x.toFixed(1)} ${height}V${top.toFixed(1)}h${Math.max(0.6, barWidth * 0.85).toFixed(2)}V${height}z`;
  }
  return paths;
}
