/** A quantization grid as the detail panel draws it: levels, rounding, staircase, and where and how its gradient passes. */
import { floatFormats, magnitudes } from '@/catalog/formats';
import type { SiteDetail } from '@/session/protocol';

export type Grid = Pick<
  SiteDetail,
  'bits' | 'scale' | 'inverse' | 'zeroPoint' | 'qmin' | 'qmax' | 'spacing' | 'format' | 'passes' | 'estimator'
>;

export const isFloat = (grid: Grid): boolean => grid.bits === 32;

/** One-bit weights are the sign times a mean: two levels, none at 0. */
export const isSign = (grid: Grid): boolean => grid.bits === 1 && grid.qmin < 0;

/** DoReFa's odd integers: its values stand on the axis as they are after tanh. */
export const isAfterTanh = (grid: Grid): boolean => grid.spacing === 2 && !isSign(grid);

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
  const { qmin, qmax, scale, spacing } = grid;
  const units = unitsOf(grid);
  return Array.from({ length: (qmax - qmin) / spacing + 1 }, (_, i) => {
    const q = qmin + i * spacing;
    return { q, value: units(q) * scale };
  });
}

/** The latent value that lies at a place of an integer grid. */
function latentOf(grid: Grid): (q: number) => number {
  const { inverse, scale, zeroPoint } = grid;
  if (isSign(grid) || isAfterTanh(grid)) return (q) => q * scale;
  return (q) => (q - zeroPoint) / inverse;
}

export interface Range {
  low: number;
  high: number;
}
const everything: Range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** The values that round to a level without being clamped; the whole line for float, and |w| <= 1 for signs. */
export function clampRange(grid: Grid): Range {
  if (isFloat(grid)) return everything;
  if (isSign(grid)) return { low: -1, high: 1 };
  const { qmin, qmax, scale, spacing, format } = grid;
  if (!format) {
    const latent = latentOf(grid);
    return { low: latent(qmin - spacing / 2), high: latent(qmax + spacing / 2) };
  }
  const units = unitsOf(grid);
  // Half of the last step further than the outermost level.
  const beyond = (end: number, inner: number) => (3 * units(end) - units(inner)) / 2;
  return { low: beyond(qmin, qmin + 1) * scale, high: beyond(qmax, qmax - 1) * scale };
}

/** The values that get a gradient. */
export function passRange(grid: Grid): Range {
  if (isFloat(grid) || grid.passes === 'everywhere') return everything;
  if (isSign(grid) || grid.format || grid.passes === 'unclamped') return clampRange(grid);
  const latent = latentOf(grid);
  return { low: latent(grid.qmin), high: latent(grid.qmax) };
}

/** The corners of rounded against latent from `from` to `to`, as [x, y]; treads at the levels, risers between them. */
export function staircase(grid: Grid, from: number, to: number): [number, number][] {
  const steps = levels(grid);
  if (steps.length === 0)
    return [
      [from, from],
      [to, to],
    ];
  const latent = latentOf(grid);
  const riser = (a: Level, b: Level) => (grid.format ? (a.value + b.value) / 2 : latent((a.q + b.q) / 2));
  const corners: [number, number][] = [];
  steps.forEach((step, index) => {
    const below = steps[index - 1];
    const above = steps[index + 1];
    const start = below ? riser(below, step) : Number.NEGATIVE_INFINITY;
    const end = above ? riser(step, above) : Number.POSITIVE_INFINITY;
    if (end <= from || start >= to) return;
    corners.push([Math.max(start, from), step.value], [Math.min(end, to), step.value]);
  });
  return corners;
}

/** EWGS: the gradient's change for a rounding error of one step (Lee et al. 2021, eq. 6). */
const ewgsDelta = 0.2;
/** Steepness of the soft staircase in steps, and what gives its slope the mean 1 (Gong et al. 2019, eq. 5). */
const softSteepness = 4;
const softNorm = softSteepness / (2 * Math.tanh(softSteepness / 2));

const half = (error: number) => Math.min(Math.max(error, -0.5), 0.5);

/** Rounding error and distance from the middle between two levels of a value, both in steps. */
function offsets(grid: Grid, x: number): { error: number; middle: number } {
  if (isSign(grid)) return { error: (x - (x >= 0 ? 1 : -1)) / 2, middle: x / 2 };
  const { qmin, qmax, inverse, zeroPoint } = grid;
  const tanh = isAfterTanh(grid);
  const position = tanh ? (x * qmax + qmax) / 2 : x * inverse + zeroPoint;
  const [first, last] = tanh ? [0, qmax] : [qmin, qmax];
  const nearest = Math.min(Math.max(Math.round(position), first), last);
  return { error: position - nearest, middle: position - Math.floor(position) - 0.5 };
}

/**
 * What the gradient is multiplied with on its way from the rounded value to the latent one; for DoReFa to the value after
 * tanh.
 * @param upstream the sign of the gradient that comes in, which EWGS heeds
 */
export function gradientAt(grid: Grid, x: number, upstream: 1 | -1 = 1): number {
  if (isFloat(grid)) return 1;
  const { low, high } = passRange(grid);
  if (x < low || x > high) return 0;
  const { error, middle } = offsets(grid, x);
  switch (grid.estimator) {
    case 'ste':
      return 1;
    case 'none':
      return 0;
    case 'ewgs':
      return 1 + upstream * ewgsDelta * half(error);
    case 'soft':
      return softNorm * (1 - Math.tanh(softSteepness * half(middle)) ** 2);
    default:
      return grid.estimator satisfies never;
  }
}

/** Points that all treads together get. */
const mostSamples = 400;

/** The gradient against the latent value, as [x, y]: it jumps at risers and where values stop passing. */
export function gradientCurve(
  grid: Grid,
  from: number,
  to: number,
  upstream: 1 | -1 = 1,
): [number, number][] {
  const { low, high } = passRange(grid);
  const corners = staircase(grid, from, to);
  const treads = corners.length / 2;
  const samples = Math.max(2, Math.min(16, Math.floor(mostSamples / treads)));
  const points: [number, number][] = [];
  for (let tread = 0; tread < treads; tread++) {
    const [start, end] = [corners[2 * tread]![0], corners[2 * tread + 1]![0]];
    const inner = [low, high].filter((edge) => edge > start && edge < end);
    const edges = [start, ...inner, end];
    edges.slice(1).forEach((right, part) => {
      const left = edges[part]!;
      // Just inside: at the edges themselves the gradient jumps.
      const margin = 1e-6 * (right - left);
      const width = right - left - 2 * margin;
      for (let i = 0; i <= samples; i++) {
        const x = left + margin + (width * i) / samples;
        points.push([x, gradientAt(grid, x, upstream)]);
      }
    });
  }
  return points;
}
