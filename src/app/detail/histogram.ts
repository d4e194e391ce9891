/** The bars of a histogram, cut where their colour changes: at 0 (sign) and where clipping begins. */
import type { Histogram } from '@/session/protocol';

export interface Bar {
  from: number;
  to: number;
  /** Count of the bin it is a part of: bars of one bin stand equally high. */
  count: number;
  negative: boolean;
  /** Outside the quantization range: full colour. */
  clipped: boolean;
}

export function histogramBars({ min, max, counts }: Histogram, range: { low: number; high: number }): Bar[] {
  const width = (max - min) / counts.length;
  const cuts = [range.low, 0, range.high];
  return counts.flatMap((count, index) => {
    if (count === 0) return [];
    const from = min + index * width;
    const to = index === counts.length - 1 ? max : from + width;
    const inner = cuts.filter((cut) => cut > from && cut < to).sort((a, b) => a - b);
    const edges = [from, ...inner, to];
    return edges.slice(1).map((end, part) => {
      const start = edges[part]!;
      const middle = (start + end) / 2;
      return {
        from: start,
        to: end,
        count,
        negative: middle < 0,
        clipped: middle < range.low || middle > range.high,
      };
    });
  });
}

/** What the x axis spans: all values and all levels, a little air, and 0 in the middle if `centred`. */
export function histogramDomain(
  { min, max }: Histogram,
  levelValues: readonly number[],
  centred: boolean,
): { low: number; high: number } {
  const ends = [min, max, 0, levelValues[0] ?? 0, levelValues.at(-1) ?? 0].filter(Number.isFinite);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const air = 0.03 * (high - low || 1);
  if (!centred) return { low: low - air, high: high + air };
  const reach = Math.max(-low, high) + air;
  return { low: -reach, high: reach };
}

/**
 * Which of several labels to show so that none touch: larger values first.
 * @param labels places and widths in pixels, and what decides who goes first
 * @returns whether each is shown
 */
export function chooseLabels(labels: readonly { x: number; width: number; weight: number }[]): boolean[] {
  const shown = labels.map(() => false);
  const order = labels.map((_, i) => i).sort((a, b) => labels[b]!.weight - labels[a]!.weight);
  for (const index of order) {
    const one = labels[index]!;
    shown[index] = labels.every(
      (other, i) => !shown[i] || Math.abs(other.x - one.x) >= (other.width + one.width) / 2,
    );
  }
  return shown;
}
