/** What a network answers: the likeliest class at each position that is asked about. One rule for every engine and report. */

/**
 * The class of the largest logit at each position, the first of equal ones.
 * @param logits [..., positions, classes]; the example begins at `from`
 * @param asked its labels, of which -1 asks nothing and is given back
 */
export function answersOf(
  logits: ArrayLike<number>,
  from: number,
  classes: number,
  asked: readonly number[],
): number[] {
  return asked.map((label, position) => {
    if (label < 0) return label;
    const at = from + position * classes;
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[at + c]! > logits[at + best]!) best = c;
    return best;
  });
}

export const sameAnswers = (one: readonly number[], other: readonly number[]): boolean =>
  one.every((answer, i) => answer === other[i]);
