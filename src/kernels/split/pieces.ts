/** What launches cut into pieces are made of, and the ways to cut that many kernels share. */

/** One launch of a piece. */
export interface Piece {
  /** A kernel of ours. */
  name: string;
  values: number[];
  /** Which argument is a workspace: each thread has its own. */
  workspace?: number;
}

export interface Split {
  /** In any order, at the same time. */
  pieces: Piece[];
  /** Bytes of the workspace of one piece at most. */
  workspaceBytes: number;
  /** What is left to do once all pieces are done. */
  after: Piece[];
}

/** Gives so many bytes of memory, 16-aligned, that nothing else uses between the pieces and what comes after. */
export type Partials = (bytes: number) => number;

export interface Rule {
  /** ns that the launch takes, about; some tenths off does no harm. */
  cost(values: readonly number[]): number;
  /** @returns undefined where there are too few rows, or whatever else it is cut by */
  split(values: readonly number[], parts: number, partials: Partials): Split | undefined;
}

/** Rows over which the kernels add up before they add to a total: BLOCK in assembly/. */
export const blockRows = 256;
/** Floats in a line of the cache: two threads that write to one wait for each other. */
export const line = 16;

export type Range = readonly [from: number, to: number];

/** Ranges of almost equal length that begin at multiples of `unit`, as many as there are units or fewer. */
export function ranges(length: number, parts: number, unit = 1): Range[] {
  const units = Math.ceil(length / unit);
  const count = Math.min(parts, units);
  const at = (i: number) => Math.min(length, unit * Math.round((i * units) / count));
  return Array.from({ length: count }, (_, i) => [at(i), at(i + 1)]);
}

export const cut = (pieces: Piece[], workspaceBytes = 0, after: Piece[] = []): Split | undefined =>
  pieces.length > 1 ? { pieces, workspaceBytes, after } : undefined;

/** The arguments with some replaced. */
export function replaced(values: readonly number[], changes: Readonly<Record<number, number>>): number[] {
  const copy = [...values];
  for (const [index, value] of Object.entries(changes)) copy[Number(index)] = value;
  return copy;
}

export interface Rows {
  /** Which argument says how many rows there are. */
  count: number;
  /** Addresses that move on, and bytes that they move by from row to row. */
  steps(values: readonly number[]): Record<number, number>;
  cost(values: readonly number[]): number;
  /** Rows that one begins at a multiple of. */
  unit?: number;
  workspace?: { argument: number; bytes(values: readonly number[]): number };
}

/** A kernel that treats each row by itself: its pieces are the same kernel on fewer rows. */
export const byRows = (name: string, { count, steps, cost, unit = 1, workspace }: Rows): Rule => ({
  cost,
  split: (values, parts) =>
    cut(
      ranges(values[count]!, parts, unit).map(([from, to]) => ({
        name,
        values: replaced(values, {
          ...Object.fromEntries(
            Object.entries(steps(values)).map(([i, step]) => [i, values[Number(i)]! + from * step]),
          ),
          [count]: to - from,
        }),
        ...(workspace && { workspace: workspace.argument }),
      })),
      workspace?.bytes(values),
    ),
});

/** A kernel that treats each value by itself, `n` of them, at these addresses. */
export const byValues = (name: string, count: number, addresses: readonly number[], nsEach: number): Rule =>
  byRows(name, {
    count,
    steps: () => Object.fromEntries(addresses.map((i) => [i, 4])),
    cost: (values) => nsEach * values[count]!,
    unit: line,
  });

export const product = (values: readonly number[], ...indices: number[]) =>
  indices.reduce((all, i) => all * values[i]!, 1);
export const roundUp = (channels: number) => 8 * Math.ceil(channels / 8);
