/** A number of batch normalization that every backend shares; ../assembly/batchNorm.ts repeats it. */

/** Added to the variance before its root (PyTorch's default eps). */
export const epsilon = Math.fround(1e-5);
