/** Numbers that define the clipping observers, the same on every backend; ../assembly/observeClip.ts repeats them. */

/** One in so many values may lie beyond each end of the range that the percentile observer follows. */
export const oneOutlierIn = 1000;
/** The MSE observer measures errors on about so many values, evenly spaced. */
export const sampleSize = 8192;
