/** PyTorch's default: added to the variance, so that a constant row divides by no zero. */
export const epsilon = 1e-5;
