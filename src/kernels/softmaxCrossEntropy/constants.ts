/** A number of softmaxCrossEntropy that every backend shares; ../assembly/loss.ts repeats it. */

/** The label of a row that is left out of the mean. */
export const ignoredLabel = -1;
