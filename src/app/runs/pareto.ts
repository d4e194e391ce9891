/** The Pareto front of accuracy against a cost, and the axes that show it. */
import { percentNumber } from '../format';

export interface Placed {
  /** The cost: smaller is better. */
  x: number;
  /** Accuracy, a fraction: larger is better. */
  y: number;
}

/**
 * The points that no other one beats: none is at most as costly and at least as accurate, and better in one of the two.
 * @returns their indices, from the cheapest to the most accurate; of equal points the first
 */
export function paretoFront(points: readonly Placed[]): number[] {
  const order = points
    .map((_, i) => i)
    .filter((i) => Number.isFinite(points[i]!.x) && Number.isFinite(points[i]!.y))
    .sort((a, b) => points[a]!.x - points[b]!.x || points[b]!.y - points[a]!.y || a - b);
  let best = Number.NEGATIVE_INFINITY;
  return order.filter((i) => {
    if (points[i]!.y <= best) return false;
    best = points[i]!.y;
    return true;
  });
}

const steps = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
const mostTicks = 5;

/**
 * Accuracies that the axis shows. What lies far below the rest would leave no room to tell the rest apart: the lower
 * quarter does not set the axis where it is more than two spans of the others below them.
 */
export function accuracyAxis(values: readonly number[]): { domain: [number, number]; ticks: number[] } {
  const ascending = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const high = ascending.at(-1) ?? 1;
  const quarter = ascending[Math.floor(ascending.length / 4)] ?? 0;
  const span = Math.max(high - quarter, 0.01);
  const low = ascending.find((value) => value >= quarter - 2 * span) ?? 0;
  const step = steps.find((one) => (high - low + one) / one <= mostTicks) ?? steps.at(-1)!;
  const from = Math.max(0, Math.floor((low - step / 4) / step) * step);
  const to = Math.min(1, Math.ceil((high + step / 4) / step) * step);
  const count = Math.max(1, Math.round((to - from) / step));
  const ticks = Array.from({ length: count + 1 }, (_, i) => Math.round((from + i * step) * 1000) / 1000);
  return { domain: [ticks[0]!, Math.max(to, ticks.at(-1)!)], ticks };
}

/** Pixels from a point to the end of the label beside it. */
const labelRoom = 110;

interface Label {
  text: string;
  /** Written to the left of its point, as the plot ends on the right. */
  flip: boolean;
}

/**
 * Labels of the points that lie below the axis. Neighbours share one, which else would be written over each other.
 * @param points in order of `left`, in pixels like `right`, the end of the plot; `value` is a fraction
 * @returns by the index of the point that carries the label
 */
export function labelsBelow(
  points: readonly { left: number; below: boolean; value: number }[],
  right: number,
): Map<number, Label> {
  const groups: number[][] = [];
  points.forEach(({ left, below }, i) => {
    if (!below) return;
    const group = groups.at(-1);
    if (group && left - points[group.at(-1)!]!.left < labelRoom) group.push(i);
    else groups.push([i]);
  });
  return new Map(
    groups.map((group) => {
      const values = group.map((i) => points[i]!.value);
      const [low, high] = [percentNumber(Math.min(...values)), percentNumber(Math.max(...values))];
      const flip = points[group.at(-1)!]!.left > right - labelRoom;
      return [
        group.at(flip ? 0 : -1)!,
        { text: `${low === high ? '' : `${low} to `}${high} %, below`, flip },
      ];
    }),
  );
}

const mantissas = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]] as const;

/**
 * A logarithmic axis with some room at both ends.
 * @param values positive
 * @param unit what ticks are round numbers of: 1024 for KB
 */
export function logAxis(values: readonly number[], unit = 1): { domain: [number, number]; ticks: number[] } {
  if (unit !== 1) {
    const { domain, ticks } = logAxis(values.map((value) => value / unit));
    return { domain: [domain[0] * unit, domain[1] * unit], ticks: ticks.map((tick) => tick * unit) };
  }
  const known = values.filter((value) => value > 0 && Number.isFinite(value));
  const low = Math.min(...(known.length > 0 ? known : [1]));
  const high = Math.max(...(known.length > 0 ? known : [10]));
  const room = Math.max(1.12, (high / low) ** 0.06);
  const domain: [number, number] = [low / room, high * room];
  const ticksOf = (chosen: readonly number[]) => {
    const ticks: number[] = [];
    for (let power = 10 ** Math.floor(Math.log10(domain[0])); power <= domain[1]; power *= 10)
      for (const mantissa of chosen) {
        const tick = mantissa * power;
        if (tick >= domain[0] && tick <= domain[1]) ticks.push(tick);
      }
    return ticks;
  };
  const all = mantissas.map(ticksOf);
  const ticks = all.find((some) => some.length >= 3 && some.length <= mostTicks) ?? evenTicks(domain);
  return { domain, ticks };
}

/** Round values at even distances: for less than a decade. */
function evenTicks([low, high]: readonly [number, number]): number[] {
  const power = 10 ** Math.floor(Math.log10((high - low) / mostTicks));
  const step = [1, 2, 5, 10].map((m) => m * power).find((one) => (high - low) / one <= mostTicks)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}
