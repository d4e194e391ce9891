/** What a recorded step (src/session/recorded.ts) needs of a backend: its launches noted and run again, and copies. */
import type { Tensor } from '@tensorflow/tfjs-core';

/** A computation cannot be recorded: it would not run the same again. */
export class NotRecordable extends Error {
  override name = 'NotRecordable';
}

/** A list of launches, in segments that are run again one by one. */
export interface StepRecording {
  /** How many launches of a replay do the work of several that were recorded. */
  readonly joins: number;
  /**
   * Runs a computation and records it as the next segment. Its results stay where they are until `dispose`; each replay
   * writes them anew. Tensors that are disposed meanwhile give their place to later ones.
   * @throws NotRecordable if a tensor is read meanwhile
   */
  capture<T>(compute: () => T): T;
  /** Runs a segment again. */
  replay(segment: number): void;
  /** Adds a copy of a tensor's values to another of its size, to the end of the last segment. */
  addCopy(from: Tensor, to: Tensor): void;
  /** Gives all memory back; results that someone still holds stay theirs. */
  dispose(): void;
}

/** Copies of tensors' values, as they were when all that was launched before had run. */
export interface Saved {
  /** Writes them back to the tensors that they were saved from. */
  restore(): void;
  /** The index of the first tensor whose bits differ from those of another copy of the same ones, -1 if there is none. */
  firstDifference(other: Saved): number | Promise<number>;
  dispose(): void;
}

export interface Recorder {
  /** @param mayJoin whether replays may run independent launches as one, where the backend can */
  start(mayJoin: boolean): StepRecording;
  /** Another tensor of the same data. The caller disposes it. */
  share<T extends Tensor>(tensor: T): T;
  /** Copies a tensor's values into another one, from that element on, in the order of launches. */
  copy(from: Tensor, to: Tensor, element?: number): void;
  save(tensors: readonly Tensor[]): Saved;
  /** Makes sure that reads of these tensors see what replays write. */
  watch(tensors: readonly Tensor[]): void;
}
