/**
 * The figures as signed distances: negative inside, in units of the figure's own size. A shape has about radius 1 around
 * the origin, a texture repeats everywhere with period 1.
 */

export type Figure = (u: number, v: number) => number;

/** Distance from the nearest whole number, 0 to 0.5. */
const fromWhole = (t: number) => Math.abs(t - Math.round(t));
/** Negative in a band of this half width around every whole number. */
const bands = (t: number, half: number) => fromWhole(t) - half;
const radius = (u: number, v: number) => Math.sqrt(u * u + v * v);
/** sqrt(3) / 2: the normals of an equilateral triangle. */
const slope = 0.8660254037844386;
/** A wave of period 1 and height 1 from parabolas: a sine may differ in its last bit between engines. */
const wave = (t: number) => {
  const half = 2 * (t - Math.floor(t));
  return half < 1 ? 4 * half * (1 - half) : -4 * (half - 1) * (2 - half);
};

export const shapes = {
  disc: (u, v) => radius(u, v) - 0.85,
  ring: (u, v) => Math.abs(radius(u, v) - 0.72) - 0.22,
  square: (u, v) => Math.max(Math.abs(u), Math.abs(v)) - 0.75,
  triangle: (u, v) => Math.max(v, slope * u - 0.5 * v, -slope * u - 0.5 * v) - 0.55,
  cross: (u, v) => {
    const [a, b] = [Math.abs(u), Math.abs(v)];
    return Math.max(Math.max(a, b) - 0.95, Math.min(a, b) - 0.28);
  },
} as const satisfies Record<string, Figure>;

export const textures = {
  stripes: (u) => bands(u, 0.25),
  checks: (u, v) => {
    const [a, b] = [bands(u, 0.25), bands(v, 0.25)];
    return (a < 0 === b < 0 ? -1 : 1) * Math.min(Math.abs(a), Math.abs(b));
  },
  dots: (u, v) => radius(fromWhole(u), fromWhole(v)) - 0.28,
  grid: (u, v) => Math.min(bands(u, 0.13), bands(v, 0.13)),
  waves: (u, v) => bands(u + 0.45 * wave(0.6 * v), 0.22),
} as const satisfies Record<string, Figure>;
