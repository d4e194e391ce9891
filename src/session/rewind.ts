/**
 * Which checkpoints of a run are kept, and which one a diverged run rewinds to. Weights may be finite and already beyond
 * recovery: only a state from some steps before the divergence, or from before the change that led to it, is good.
 */

/** Steps before a divergence from which on a state counts as spoilt. */
export const spoiltSteps = 50;

interface Saved {
  /** Steps done. */
  step: number;
}

/** @param lastChange step of the newest change made up to `step`, 0 without one */
const lastGoodStep = (step: number, lastChange: number): number => Math.max(step - spoiltSteps, lastChange);

/**
 * The checkpoint to go back to: the newest good one, or the oldest where none is.
 * @param kept at least one, in the order of their steps
 * @param step steps done when the loss was no longer finite
 */
export function rewindTarget<C extends Saved>(kept: readonly C[], step: number, lastChange: number): C {
  return kept.findLast((checkpoint) => checkpoint.step <= lastGoodStep(step, lastChange)) ?? kept[0]!;
}

/**
 * Adds a checkpoint and drops what no rewind will ask for. Three remain at most: the newest good one, the next to become
 * good, and the newest of all, which a run that moves to another backend goes on from.
 */
export function keepCheckpoint<C extends Saved>(
  kept: readonly C[],
  added: C,
  lastChange: number,
): readonly C[] {
  const earlier = kept.filter(({ step }) => step < added.step);
  const all = [...earlier, added];
  const from = all.indexOf(rewindTarget(all, added.step, lastChange));
  const [target, next] = all.slice(from);
  return [...new Set([target!, next ?? added, added])];
}
