/** Where the tensors of ./index.ts hold what; ../assembly/oscillation.ts repeats the numbers. */

/** Rows of the state [6, n] of n weights. */
export const rows = {
  /** The last integer; NaN before the first. */
  level: 0,
  /** The sign of its last change; 0 before the first. */
  direction: 1,
  /** f, the frequency of oscillation. */
  frequency: 2,
  /** The moving average of the integer; of a frozen weight the integer that it is frozen at. */
  mean: 3,
  /** The latent value of a frozen weight; NaN of a free one. */
  pinned: 4,
  /** How often the integer has changed. */
  changes: 5,
} as const;
export const rowCount = 6;

/** Entries of the control tensor [6]. */
export const entries = {
  /** What is done about oscillation: one of `means`. */
  means: 0,
  /** m of the moving averages. */
  momentum: 1,
  /** Freezing: the frequency above which a weight is frozen. */
  threshold: 2,
  /** Damping: lambda at the end of its rise. */
  lambda: 3,
  /** Damping: the steps over which lambda rises from 0. */
  rise: 4,
  /** Damping: the clock at which the rise began. */
  start: 5,
} as const;
export const entryCount = 6;

/** Idle: nothing is done, nor watched; state and weights are neither read nor written. */
export const means = { free: 0, damp: 1, freeze: 2, idle: 3 } as const;

/** A frozen weight is put on its level again when a moving scale has taken it this far from it, in steps. */
export const slack = 0.25;

/**
 * Coefficients of sin(y) = y (1 + y^2 (...)) on [0, pi / 2], from the highest power: Taylor's, whose error there is below
 * 1e-7.
 */
export const sine = [-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6].map(Math.fround);
