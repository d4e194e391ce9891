/** The largest float32 below 2^31: what a multiplier may be at most. */
export const largestMultiplier = 2 ** 31 - 2 ** 7;
/** Products of 63 bits lose at most so many. */
export const largestShift = 62;
