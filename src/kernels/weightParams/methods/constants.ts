/** Numbers that define the methods, the same on every backend; ../../assembly/weightScales.ts repeats them. */

/** MSE clipping tries so many scales, from `smallestFactor` to 1 times that of abs-max. */
export const candidates = 64;
export const smallestFactor = 0.2;

/** The factors of abs-max that are tried, as float32. */
export const factors: readonly number[] = Array.from({ length: candidates }, (_, k) =>
  Math.fround(smallestFactor + ((1 - smallestFactor) * k) / (candidates - 1)),
);

/** Percentiles are read off a histogram of so many bins. */
export const bins = 2048;
/** One in so many absolute weights may lie beyond the grid. */
export const oneOutlierIn = 100;

/** TWN's threshold in mean magnitudes (Li et al. 2016). */
export const ternaryThreshold = Math.fround(0.7);
