/**
 * The numbers that settings of quantizeByRule may hold, and those that define its rules, the same on every backend;
 * ../assembly/quantizeByRuleParts.ts repeats them.
 */

/** How values are rounded: settings[2]. */
export const modes = { passThrough: 0, affine: 1, sign: 2, tanh: 3 } as const;

/** Where the gradient passes, and what is learned: settings[4]. */
export const rules = {
  /** Where the rounded value lies on the grid (PyTorch's fake-quantize). */
  clip: 0,
  /** LSQ: strictly inside on the unrounded value; learns the step. */
  lsq: 1,
  /** LSQ+: as LSQ; learns the step and the offset. */
  lsqPlus: 2,
  /** PACT: strictly inside; learns the clip, the value of the last level. */
  pact: 3,
  /** Where the unrounded value lies on the grid, its ends included. */
  closed: 4,
  /** Everywhere. */
  everywhere: 5,
} as const;

/** How the gradient passes the rounding: settings[5]. */
export const estimators = { ste: 0, ewgs: 1, soft: 2, none: 3 } as const;

/** EWGS: the gradient's change for a rounding error of one step; errors are at most half a step. */
export const ewgsDelta = Math.fround(0.2);
/** Steepness of the soft staircase, in steps; its derivative has the mean 1 over each step. */
export const softSteepness = 4;
export const softNorm = Math.fround(softSteepness / (2 * Math.tanh(softSteepness / 2)));
/** PACT: the weight decay of the clip, added to its gradient times the clip. */
export const clipDecay = Math.fround(2e-4);
