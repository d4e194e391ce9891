/**
 * A helper thread of recorded steps: runs pieces of launches on the shared heap, with kernels of its own. See ./threadWords.ts.
 */

import { changing, claim, type HelperMessage, looks, words } from './threadWords';
import type { LaunchFunction } from './wasm';

interface Started {
  kernels: Record<string, LaunchFunction>;
  state: Int32Array;
}

/** @returns what hears the messages of the training thread */
export function helper(): (message: HelperMessage) => void {
  let started: Started | undefined;
  const programs = new Map<number, () => void>();
  let received = 0;
  /** The run in progress, or the last one, and the launch that is open for this helper. */
  let run = 0;
  let launch = 0;

  /** Looks for a while, then sleeps until the bell rings. */
  function until(state: Int32Array, true_: () => boolean): void {
    for (;;) {
      for (let i = 0; i < looks; i++) if (true_()) return;
      const bell = Atomics.load(state, words.bell);
      Atomics.add(state, words.asleep, 1);
      if (!true_()) Atomics.wait(state, words.bell, bell);
      Atomics.sub(state, words.asleep, 1);
    }
  }

  /** What a program imports beside kernels. */
  function imports({ kernels, state }: Started, names: readonly string[]) {
    const reached = () => ((Atomics.load(state, words.open) - launch) | 0) >= 0;
    return {
      k: Object.fromEntries(names.map((name, i) => [String(i), kernels[name]!])),
      t: {
        /** Waits for a launch of this run. @returns 1 if the run is over */
        arrive(index: number): number {
          launch = (run + index) | 0;
          until(state, reached);
          return Number(Atomics.load(state, words.run) !== run);
        },
        claim: (piece: number): number => Number(claim(state, piece, launch)),
        finish(): void {
          Atomics.add(state, words.done, 1);
          if (Atomics.load(state, words.waiting) !== 0) Atomics.notify(state, words.done);
        },
      },
    };
  }

  /** Runs programs until there is mail. */
  function serve({ state }: Started): void {
    const mail = () => Atomics.load(state, words.mail) !== received;
    const due = () => Atomics.load(state, words.run) !== run || mail();
    for (;;) {
      until(state, due);
      if (mail()) return;
      const next = Atomics.load(state, words.run);
      const program = Atomics.load(state, words.program);
      if (next === changing || Atomics.load(state, words.run) !== next) continue;
      run = next;
      programs.get(program)?.();
    }
  }

  return (message) => {
    received++;
    if (message.type === 'start') {
      const { kernels, memory, state } = message;
      const { exports } = new WebAssembly.Instance(kernels, { env: { memory } });
      started = { kernels: exports as Record<string, LaunchFunction>, state };
      run = Atomics.load(state, words.run);
    }
    if (!started) return;
    if (message.type === 'drop') programs.delete(message.id);
    if (message.type === 'program') {
      const { id, module, names, workspace } = message;
      const { exports } = new WebAssembly.Instance(module, imports(started, names));
      const work = exports.run as (workspace: number) => void;
      programs.set(id, () => work(workspace));
    }
    try {
      serve(started);
    } catch (error) {
      Atomics.store(started.state, words.failed, 1);
      Atomics.notify(started.state, words.done);
      throw error;
    }
  };
}
