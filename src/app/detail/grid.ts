/** A quantization grid as the detail panel draws it: levels, range, rounding, staircase. */
import { floatFormats, magnitudes } from '@/catalog/formats';
import type { SiteDetail } from '@/session/protocol';

export type Grid = Pick<SiteDetail, 'bits' | 'scale' | 'zeroPoint' | 'qmin' | 'qmax' | 'format'>;

export const isFloat = (grid: Grid): boolean => grid.bits === 32;

/** One-bit weights are the sign times a mean: two levels, none at 0. */
export const isSign = (grid: Grid): boolean => grid.bits === 1 && grid.qmin < 0;

export interface Level {
  /** The integer stored; in a float format the number of its magnitude, with the sign. */
  q: number;
  /** What it stands for: (q - zero point) x scale, or the format's value x scale. */
  value: number;
}

/** The value of each level, in units of the scale. */
function unitsOf({ format, zeroPoint }: Grid): (q: number) => number {
  if (!format) return (q) => q - zeroPoint;
  const values = magnitudes(floatFormats[format]);
  return (q) => Math.sign(q) * values[Math.abs(q)]!;
}

/** All levels in order; none for float. */
export function levels(grid: Grid): Level[] {
  if (isFloat(grid)) return [];
  const { qmin, qmax, scale } = grid;
  const integers = isSign(grid) ? [qmin, qmax] : Array.from({ length: qmax - qmin + 1 }, (_, i) => qmin + i);
  const units = unitsOf(grid);
  return integers.map((q) => ({ q, value: units(q) * scale }));
}

/**
 * The values that get a gradient: those that round to a level without being clamped; for sign weights |w| <= 1 (Hubara
 * et al. 2016). The whole line for float.
 */
export function passRange(grid: Grid): { low: number; high: number } {
  if (isFloat(grid)) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  if (isSign(grid)) return { low: -1, high: 1 };
  const { qmin, qmax, scale } = grid;
  const units = unitsOf(grid);
  // Half of the last step further than the outermost level.
  const beyond = (end: number, inner: number) => (3 * units(end) - units(inner)) / 2;
  return { low: beyond(qmin, qmin + 1) * scale, high: beyond(qmax, qmax - 1) * scale };
}

/** The corners of rounded against latent from `from` to `to`, as [x, y]; treads at the levels, risers between them. */
export function staircase(grid: Grid, from: number, to: number): [number, number][] {
  const steps = levels(grid);
  if (steps.length === 0)
    return [
      [from, from],
      [to, to],
    ];
  const corners: [number, number][] = [];
  steps.forEach(({ value }, index) => {
    const below = steps[index - 1];
    const above = steps[index + 1];
    const start = below ? (below.value + value) / 2 : Number.NEGATIVE_INFINITY;
    const end = above ? (value + above.value) / 2 : Number.POSITIVE_INFINITY;
    if (end <= from || start >= to) return;
    corners.push([Math.max(start, from), value], [Math.min(end, to), value]);
  });
  return corners;
}
