/**
 * The two-dimensional figures: each draws one point of a class, without its noise. Every figure has radius 1 about the
 * origin, so that `noise` means the same in all of them, and two classes, 0 and 1.
 */
import type { GeneratedSpec } from '@/catalog/datasets';
import { onCircle } from './circle';
import type { Random } from './random';

type Point = [x: number, y: number];
/** Draws a point of class 0 or 1. */
export type Figure = (label: number, random: Random) => Point;
export type PointSpec = Extract<
  GeneratedSpec,
  { kind: 'spirals' | 'circles' | 'moons' | 'xor' | 'gaussians' }
>;
export type PointKind = PointSpec['kind'];

const polar = (turns: number, radius: number): Point => {
  const [cosine, sine] = onCircle(turns);
  return [radius * cosine, radius * sine];
};
/** A random sign times a uniform value between low and 1. */
const side = (low: number, random: Random) =>
  (random.int(2) === 0 ? -1 : 1) * (low + (1 - low) * random.next());

/** Number of turns of a spiral's arm from the inner to the outer end. */
const spiralTurns = 1.75;
/** Where the arms begin: at the very centre the classes could not be told apart. */
const spiralInner = 0.1;

export const figures = {
  /** Archimedean arms half a turn apart; the square root spreads the points evenly along the arm. */
  spirals: (label, random) => {
    const along = Math.sqrt(random.next());
    return polar(spiralTurns * along + label / 2, spiralInner + (1 - spiralInner) * along);
  },

  /** Class 0 is a disc of radius 0.45, class 1 the circle around it. */
  circles: (label, random) => polar(random.next(), label === 0 ? 0.45 * Math.sqrt(random.next()) : 0.95),

  /** scikit-learn's make_moons, moved to the centre and scaled to a width of 2. */
  moons: (label, random) => {
    const [x, y] = polar(random.next() / 2, 2 / 3);
    return label === 0 ? [x - 1 / 3, y - 1 / 6] : [1 / 3 - x, 1 / 6 - y];
  },

  /** Class 0 where x and y have the same sign; a strip along the axes stays empty. */
  xor: (label, random) => {
    const x = side(0.1, random);
    const y = Math.abs(side(0.1, random)) * Math.sign(x);
    return [x, label === 0 ? y : -y];
  },

  /** The centres of two clouds; the noise makes them clouds. */
  gaussians: (label) => (label === 0 ? [-0.5, -0.4] : [0.5, 0.4]),
} as const satisfies Record<PointKind, Figure>;
