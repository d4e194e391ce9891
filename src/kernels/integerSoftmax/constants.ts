/** Exponentials are rounded to steps of 2^-exponentialBits. */
export const exponentialBits = 15;
/** Shares come in steps of 2^-shareBits. */
export const shareBits = 16;
