/** The threads of recorded steps on WebAssembly, seen from the training thread: helpers, and the programs they know. */
import {
  changing,
  claim,
  closeClaims,
  type HelperMessage,
  looks,
  mostPieces,
  ring,
  wordBytes,
  words,
} from './threadWords';

/** A helper, as far as it is needed here: a Worker whose script hands its messages to `helper()` of ./threadHelper.ts. */
export interface HelperPort {
  postMessage(message: HelperMessage): void;
  terminate(): void;
}
export type StartHelper = () => HelperPort;

/** More threads gain little, and one is left to the page where there are enough. */
const mostThreads = 4;
/** @param cores as navigator.hardwareConcurrency says */
export function threadsFor(cores: number): number {
  return Math.max(1, Math.min(mostThreads, mostPieces, cores > 2 ? cores - 1 : cores));
}

/** A list of launches that all threads know. */
export interface Program {
  /** For the training thread. Calls `begin`, `claim` and `end` of the team around the pieces of each launch. */
  run: () => void;
  dispose(): void;
}

export class Team {
  /** Words of ./threadWords.ts. */
  private readonly state = new Int32Array(new SharedArrayBuffer(wordBytes));
  private readonly helpers: HelperPort[] = [];
  private ids = 0;
  /** The word `run` begins at 0, which is no run. */
  private launch = 1;
  /** Pieces of the open launch that helpers took, and of all launches. */
  private taken = 0;
  private expected = 0;

  /** Every replay uses all threads, however long it takes: for tests and measurements. */
  fixed = false;
  /** Pieces that helpers did. */
  helped = 0;

  /**
   * @param kernels compiled to import shared memory
   * @param patienceMs that a helper is given for a piece, which takes a millisecond or less
   */
  constructor(
    readonly threads: number,
    startHelper: StartHelper,
    kernels: WebAssembly.Module,
    memory: WebAssembly.Memory,
    private readonly patienceMs = 20_000,
  ) {
    for (let i = 1; i < threads; i++) this.helpers.push(startHelper());
    this.tell(() => ({ type: 'start', kernels, memory, state: this.state }));
  }

  /** What a program of the training thread imports beside kernels. */
  readonly imports = {
    begin: (): void => {
      this.launch = (this.launch + 1) | 0;
      Atomics.store(this.state, words.open, this.launch);
      ring(this.state);
    },
    claim: (piece: number): number => {
      if (claim(this.state, piece, this.launch)) return 1;
      this.taken++;
      return 0;
    },
    end: (): void => {
      if (this.taken === 0) return;
      this.expected = (this.expected + this.taken) | 0;
      this.helped += this.taken;
      this.taken = 0;
      this.wait();
    },
  };

  /**
   * Makes a program known to the helpers; until they have it, the training thread does their share.
   * @param module of each helper, whose imports beside kernels are those of ./threadHelper.ts
   * @param names of the kernels that each imports
   * @param workspace an address of each helper's own
   * @param own what the training thread runs
   */
  add(
    modules: readonly WebAssembly.Module[],
    names: string[],
    workspaces: readonly number[],
    own: () => void,
  ): Program {
    const id = this.ids++;
    this.tell((i) => ({ type: 'program', id, module: modules[i]!, names, workspace: workspaces[i]! }));
    return {
      run: () => {
        this.announce(id);
        own();
      },
      dispose: () => this.tell(() => ({ type: 'drop', id })),
    };
  }

  /** Ends the helpers. */
  dispose(): void {
    for (const each of this.helpers) each.terminate();
    this.helpers.length = 0;
  }

  private tell(message: (helper: number) => HelperMessage): void {
    if (this.helpers.length === 0) return;
    // A helper that sees the count goes to wait for the message, so the count comes first.
    Atomics.add(this.state, words.mail, 1);
    this.helpers.forEach((each, i) => {
      each.postMessage(message(i));
    });
    ring(this.state);
  }

  /** Says which program runs from here on. */
  private announce(id: number): void {
    const { state } = this;
    if (this.launch === changing) this.launch++;
    closeClaims(state, this.launch);
    Atomics.store(state, words.run, changing);
    Atomics.store(state, words.program, id);
    Atomics.store(state, words.run, this.launch);
  }

  /** Until helpers have done what they took. */
  private wait(): void {
    const { state, expected } = this;
    for (let i = 0; i < looks; i++) if (Atomics.load(state, words.done) === expected) return;
    Atomics.store(state, words.waiting, 1);
    for (let at = Atomics.load(state, words.done); at !== expected; at = Atomics.load(state, words.done)) {
      const late = Atomics.wait(state, words.done, at, this.patienceMs) === 'timed-out';
      if (!late && Atomics.load(state, words.failed) === 0) continue;
      this.dispose();
      this.expected = Atomics.load(state, words.done);
      Atomics.store(state, words.waiting, 0);
      throw new Error(
        'A helper thread of the training stopped in the middle of a step. Reload the page to train on.',
      );
    }
    Atomics.store(state, words.waiting, 0);
  }
}
