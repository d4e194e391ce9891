/** Normalized values come in steps of 2^-normalBits. */
export const normalBits = 10;
/** Variances of more features may leave 32 bits. */
export const mostFeatures = 256;
/** Epsilon on the scale of the variance is held to this. */
export const largestEpsilon = 2 ** 30;
