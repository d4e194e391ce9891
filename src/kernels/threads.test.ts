import { expect, test } from 'vitest';
import { helper } from './threadHelper';
import { Team, threadsFor } from './threads';
import { claim, closeClaims, type HelperMessage, wordBytes, words } from './threadWords';

const memory = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
/** A module without imports or exports. */
const empty = () => new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** A team of two whose helper is this object. */
function teamWith(hear: (message: HelperMessage) => void, patienceMs?: number) {
  let ended = 0;
  const port = { postMessage: hear, terminate: () => void ended++ };
  const team = new Team(2, () => port, empty(), memory(), patienceMs);
  return { team, ended: () => ended };
}

test('a core is left to the page where there are more than two', () => {
  expect([1, 2, 3, 4, 5, 64].map(threadsFor)).toEqual([1, 2, 2, 3, 4, 4]);
});

test('the training thread does every piece that no helper takes, once', () => {
  const { team } = teamWith(() => {});
  const done: number[] = [];
  const { begin, claim, end } = team.imports;
  const program = team.add([empty()], [], [0], () => {
    for (let launch = 0; launch < 3; launch++) {
      begin();
      for (const piece of [0, 1]) if (claim(piece)) done.push(10 * launch + piece);
      end();
    }
  });
  program.run();
  program.run();
  expect(done).toEqual([0, 1, 10, 11, 20, 21, 0, 1, 10, 11, 20, 21]);
  expect(team.helped).toBe(0);
});

test('a helper that dies in the middle of a piece ends the step with a sentence, and later steps go on alone', () => {
  let state: Int32Array | undefined;
  const { team, ended } = teamWith((message) => {
    if (message.type === 'start') state = message.state;
  }, 20);
  const { begin, claim, end } = team.imports;
  let own = 0;
  let dies = true;
  const program = team.add([empty()], [], [0], () => {
    begin();
    // The helper is faster, and gone.
    if (dies) Atomics.store(state!, words.claims, Atomics.load(state!, words.open));
    for (const piece of [0, 1]) own += claim(piece);
    end();
  });
  expect(() => program.run()).toThrow('helper thread');
  expect(ended()).toBe(1);
  expect(own).toBe(1);
  dies = false;
  program.run();
  expect(own).toBe(3);
});

test('a piece is claimed once in a launch, and by nobody who is late', () => {
  const state = new Int32Array(new SharedArrayBuffer(wordBytes));
  expect([claim(state, 3, 1), claim(state, 3, 1), claim(state, 3, 2)]).toEqual([true, false, true]);
  expect(claim(state, 3, 1)).toBe(false);
  // A run begins: what earlier launches left undone, because they had fewer pieces, is out of reach.
  closeClaims(state, 2);
  expect([claim(state, 5, 2), claim(state, 5, 3)]).toEqual([false, true]);
  // The count of launches comes round.
  closeClaims(state, 2 ** 31 - 1);
  expect([claim(state, 0, -(2 ** 31)), claim(state, 0, 2 ** 31 - 1)]).toEqual([true, false]);
});

test('a helper without a program of its own gives way to the next message', () => {
  const hear = helper();
  const state = new Int32Array(new SharedArrayBuffer(4096));
  // One more message is on its way, so that it does not wait.
  Atomics.store(state, words.mail, 2);
  hear({ type: 'start', kernels: empty(), memory: memory(), state });
  expect(Atomics.load(state, words.asleep)).toBe(0);
});
