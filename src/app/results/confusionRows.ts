/** Confusion matrices: row-major counts, true class by predicted class. */
import { type NetworkName, networks } from '@/session/networkNames';
import { csv } from '../charts/csv';

export interface Cell {
  count: number;
  /** Of the examples of the true class. */
  share: number;
}

/** @returns one array of cells for each true class; shares of an absent class are 0 */
export function confusionRows(counts: readonly number[], classes: number): Cell[][] {
  return Array.from({ length: classes }, (_, row) => {
    const cells = counts.slice(row * classes, (row + 1) * classes);
    const total = cells.reduce((sum, value) => sum + value, 0);
    return cells.map((count) => ({ count, share: total === 0 ? 0 : count / total }));
  });
}

/** Names up to this long stand in a narrow column as they are. */
const narrow = 4;

/** Class names without the words that all of them begin with, so that "class 10" and "class 11" can be told apart. */
export function shortNames(names: readonly string[]): string[] {
  const [first = ''] = names;
  if (names.length < 2 || names.every((name) => name.length <= narrow)) return [...names];
  let shared = 0;
  while (shared < first.length && names.every((name) => name[shared] === first[shared])) shared++;
  // A number is not cut in two.
  while (shared > 0 && /[\d.]/.test(first[shared - 1]!)) shared--;
  const short = names.map((name) => name.slice(shared).trim());
  return short.every(Boolean) ? short : [...names];
}

export interface Mistake extends Cell {
  actual: number;
  predicted: number;
}

/** The most frequent confusions, largest count first. */
export function topMistakes(counts: readonly number[], classes: number, most: number): Mistake[] {
  return confusionRows(counts, classes)
    .flatMap((row, actual) => row.map((cell, predicted) => ({ ...cell, actual, predicted })))
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort((a, b) => b.count - a.count || a.actual - b.actual || a.predicted - b.predicted)
    .slice(0, most);
}

/**
 * The matrices as a table, one row for each network and pair of classes.
 * @param counts nothing where a network has not been judged yet
 */
export function confusionAsCsv(
  counts: Partial<Record<NetworkName, readonly number[]>> | undefined,
  classNames: readonly string[],
): string {
  const rows = networks.flatMap((network) =>
    (counts?.[network] ?? []).map((samples, i) => [
      network,
      classNames[Math.floor(i / classNames.length)],
      classNames[i % classNames.length],
      samples,
    ]),
  );
  return csv([['network', 'true', 'predicted', 'samples'], ...rows]);
}
