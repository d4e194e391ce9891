/**
 * How the threads of a recorded step agree, in shared words. The training thread opens one launch after the other; its pieces
 * are claimed, by itself too, one at a time, so that a helper that is late or gone costs nothing but its share. Only the
 * training thread waits for others: for pieces that helpers have begun.
 */

/** A line of the cache, in words: each word has its own. */
const line = 16;
/** Most pieces of a launch. */
export const mostPieces = 8;

export const words = {
  /** Rings, that is, counts up, for everything that a sleeping helper should look at. */
  bell: 0,
  /** Messages sent to helpers. */
  mail: line,
  /** The launch that was open when the program in progress began, which also tells runs apart; `changing` for a moment. */
  run: 2 * line,
  /** The program in progress. */
  program: 3 * line,
  /** The launch that is open: counts up over all runs. */
  open: 4 * line,
  /** Pieces that helpers have done. */
  done: 5 * line,
  /** Helpers asleep. */
  asleep: 6 * line,
  /** Whether the training thread sleeps until `done` changes. */
  waiting: 7 * line,
  /** A helper failed within a piece. */
  failed: 8 * line,
  /** The launch in which each piece was claimed last. */
  claims: 9 * line,
} as const;
export const wordBytes = 4 * line * (9 + mostPieces);
/** No run: the program is being changed. */
export const changing = -1;

/** Looks before a thread sleeps: some 20 µs, since waking takes about as long. */
export const looks = 20_000;

/** @returns whether the piece is the caller's: nobody took it in this launch or, if the caller is late, a later one */
export function claim(state: Int32Array, piece: number, launch: number): boolean {
  const at = words.claims + line * piece;
  const last = Atomics.load(state, at);
  return ((last - launch) | 0) < 0 && Atomics.compareExchange(state, at, last, launch) === last;
}

/** Takes all pieces out of reach of helpers that are late, before a new run. */
export function closeClaims(state: Int32Array, launch: number): void {
  for (let piece = 0; piece < mostPieces; piece++) Atomics.store(state, words.claims + line * piece, launch);
}

/** Wakes helpers that sleep. */
export function ring(state: Int32Array): void {
  Atomics.add(state, words.bell, 1);
  if (Atomics.load(state, words.asleep) > 0) Atomics.notify(state, words.bell);
}

/** What the training thread posts to a helper. */
export type HelperMessage =
  | { type: 'start'; kernels: WebAssembly.Module; memory: WebAssembly.Memory; state: Int32Array }
  /** @param names of the kernels that it imports in turn; @param workspace an address of this helper's own */
  | { type: 'program'; id: number; module: WebAssembly.Module; names: string[]; workspace: number }
  | { type: 'drop'; id: number };
