/**
 * Launches of a recorded step cut into pieces that threads may run at the same time: the same kernels over fewer rows,
 * columns, images or values. A sum is never cut, and where a kernel adds up blocks of rows, its pieces leave one sum for each
 * block, which are then added in the same order. So the numbers are the same to the last bit whoever runs which piece.
 */
import type { Partials, Rule, Split } from './pieces';
import { productRules } from './products';
import { valueRules } from './values';

export type { Partials, Piece, Split } from './pieces';

/** A launch that takes less, in ns, is not worth waking another thread. */
const worthSplitting = 16_000;
/** The least piece, in ns. */
const leastPiece = 8_000;

const rules: ReadonlyMap<string, Rule> = new Map([...productRules, ...valueRules]);

/**
 * @param name of a launch, and its arguments
 * @param threads that may work on it
 * @returns its pieces, at most `threads` of them, or undefined where it is better left whole
 */
export function splitLaunch(
  name: string,
  values: readonly number[],
  threads: number,
  partials: Partials,
): Split | undefined {
  const rule = rules.get(name);
  if (!rule) return undefined;
  const cost = rule.cost(values);
  if (!(cost >= worthSplitting)) return undefined;
  return rule.split(values, Math.min(threads, Math.floor(cost / leastPiece)), partials);
}

/** As above, whatever the launch costs: for tests. */
export function splitAnyway(
  name: string,
  values: readonly number[],
  parts: number,
  partials: Partials,
): Split | undefined {
  return rules.get(name)?.split(values, parts, partials);
}

/** Kernels that can be cut. */
export const splitNames: readonly string[] = [...rules.keys()];
