/** The grid of a site as the layer view counts it: levels by number, from qmin to qmax. */
import { type FloatFormatName, floatFormats, magnitudes } from '@/catalog/formats';
import { mode } from '@/quant/settings';

export interface SeenGrid {
  bits: number;
  qmin: number;
  qmax: number;
  /** How many levels; 0 without a grid. */
  levels: number;
  /** The index of a level from 0. @param q the rounded value in units of the scale, the zero point added */
  indexOf(q: number): number;
  /** Whether a value beyond the outermost levels lost its gradient. @param position as `q`, but not rounded */
  isClipped(position: number): boolean;
  format?: FloatFormatName;
}

function integerGrid([qmin = 0, qmax = 0, kind]: Float32Array): SeenGrid {
  // DoReFa's levels are odd integers.
  const spacing = kind === mode.tanh ? 2 : 1;
  const levels = (qmax - qmin) / spacing + 1;
  return {
    bits: kind === mode.signTimesMean ? 1 : Math.ceil(Math.log2(levels)),
    qmin,
    qmax,
    levels,
    indexOf: (q) => (q - qmin) / spacing,
    isClipped: (position) => kind === mode.affine && (position < qmin - 0.5 || position > qmax + 0.5),
  };
}

/** The levels of a float format are numbered by their magnitudes, the sign before the number. */
function floatGrid(format: FloatFormatName): SeenGrid {
  const { bits, max } = floatFormats[format];
  const values = magnitudes(floatFormats[format]);
  const numbers = new Map(values.map((value, number) => [value, number]));
  const last = values.length - 1;
  const limit = max + (max - values[last - 1]!) / 2;
  return {
    bits,
    qmin: -last,
    qmax: last,
    levels: 2 * last + 1,
    indexOf: (q) => last + Math.sign(q) * (numbers.get(Math.abs(q)) ?? Number.NaN),
    isClipped: (position) => Math.abs(position) > limit,
    format,
  };
}

const noGrid: SeenGrid = {
  bits: 32,
  qmin: 0,
  qmax: 0,
  levels: 0,
  indexOf: () => -1,
  isClipped: () => false,
};

/** @param settings of the site, see src/quant/settings.ts */
export function gridOf(settings: Float32Array, format: FloatFormatName | undefined): SeenGrid {
  if (settings[2] === mode.passThrough) return noGrid;
  return format ? floatGrid(format) : integerGrid(settings);
}
