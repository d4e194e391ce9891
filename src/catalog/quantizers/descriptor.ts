/** What every quantizer kind tells the rest of the program about itself. */
import type { Bits } from '../bits';
import type { BlockFormatName, FloatFormatName } from '../formats';
import type { Estimator, Granularity, Oscillation, Rounding, WeightRange } from './choices';

export interface QuantizerDescriptor {
  /** What the page calls it. */
  label: string;
  /** The word that stands for it in links; never changes once published. */
  token: string;
  /** One or two sentences for the tooltip; the first one opens its section in docs/quantizers. */
  help: string;
  /**
   * What the trained network can become: integers multiplied as integers; integers that are multiplied out and then
   * computed with as floats; or nothing but this simulation.
   */
  deploysTo: 'integer' | 'float arithmetic' | 'simulation only';
  /** The widths it has; every width where absent. A site asks for any width and gets the nearest of them: see fitBits. */
  bits?: readonly Bits[];
  /** The integer range it always has; where absent the site's own choice counts. */
  range?: WeightRange;
  /** What it learns by gradient, as the page names it. */
  learns?: readonly string[];
  /** The estimator and the rounding it always has; where absent the site's own choice counts. */
  estimator?: Estimator;
  rounding?: Rounding;
  /** What it always has: weights whose levels are not one step apart, or whose grid is learned, are neither damped nor frozen. */
  oscillation?: Oscillation;
  /** How its scales are shared out, always; where absent the site's own choice counts. */
  granularity?: Granularity;
  /** It learns its width: what a site asks for is the most it may have, and each bit costs the site's penalty. */
  learnsBits?: true;
  /** It can find a scale for each group of weights; where it cannot, a site that asks for groups has a scale per channel. */
  groups?: true;
  /** Its scales follow from each example at run time; none is stored. */
  dynamic?: true;
  /** The float format it rounds to; integers where absent. */
  format?: FloatFormatName;
  /** The block format whose scales are stored with the values; granularity then plays no part. */
  blocks?: BlockFormatName;
}

/** What rules with scales of their own for each example have in common: one way to round, and scales in the values. */
export const foundAtRunTime = {
  deploysTo: 'float arithmetic',
  estimator: 'ste',
  rounding: 'even',
  dynamic: true,
} as const;

/** What the float formats have in common: no integer form, and one way to round. */
export const simulated = {
  deploysTo: 'simulation only',
  estimator: 'ste',
  rounding: 'even',
  oscillation: 'free',
} as const;
