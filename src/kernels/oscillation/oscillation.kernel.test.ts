import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomStream, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, params, read, settings } from '../testing/tensors';
import {
  dampGradient,
  type entries,
  freshOscillation,
  means,
  type RoundedWeights,
  resetOscillation,
  rowCount,
  rows,
  trackOscillation,
} from './index';

const variable = (values: ArrayLike<number>, shape: number[]) =>
  tf.variable(tf.tensor(Float32Array.from(Array.from(values)), shape), false);

function control(values: Partial<Record<keyof typeof entries, number>>): tf.Variable {
  const { means: how = 0, momentum = 0.01, threshold = 1, lambda = 0, rise = 1, start = 0 } = values;
  return variable([how, momentum, threshold, lambda, rise, start], [6]);
}

const freshState = (size: number) => variable(freshOscillation(size), [rowCount, size]);
const rowOf = (state: ArrayLike<number>, row: number) => {
  const size = state.length / rowCount;
  return Array.from(state).slice(row * size, (row + 1) * size);
};

interface Tracked {
  frequency: number;
  mean: number;
  changes: number;
  frozenAt?: number;
}

/**
 * Section 2.3 and algorithm 1 of the paper for one weight, in float64, from the integers of all steps: `signs` is the list of
 * all changes so far, of which the last is compared with the one before.
 */
function paper(
  integers: readonly number[],
  momentum: number,
  threshold = Number.POSITIVE_INFINITY,
  settle = nearestEven,
): Tracked {
  const signs: number[] = [];
  let frequency = 0;
  let mean = integers[0]!;
  for (let t = 1; t < integers.length; t++) {
    const change = integers[t]! - integers[t - 1]!;
    const turnedBack = change !== 0 && signs.length > 0 && signs.at(-1) !== Math.sign(change);
    if (change !== 0) signs.push(Math.sign(change));
    frequency = momentum * Number(turnedBack) + (1 - momentum) * frequency;
    mean = momentum * integers[t]! + (1 - momentum) * mean;
    if (frequency > threshold) return { frequency, mean, changes: signs.length, frozenAt: settle(mean) };
  }
  return { frequency, mean, changes: signs.length };
}

/** Integers of `size` weights over `steps`: some wander, some swing between two neighbours, some stay. */
function histories(size: number, steps: number, seed: number): number[][] {
  const next = randomStream(seed);
  return Array.from({ length: size }, (_, i) => {
    let level = Math.floor(next() * 7) - 3;
    return Array.from({ length: steps }, () => {
      if (i % 3 !== 2 && next() < 0.4) level += i % 3 === 0 ? (level > 0 ? -1 : 1) : next() < 0.5 ? -1 : 1;
      return level;
    });
  });
}

/** Tracks the integers of `histories` at scale 1; what rounded weights gave is their own. */
function trackAll(all: readonly number[][], shape: number[], hyper: tf.Variable, state: tf.Variable): void {
  const w = variable(new Float32Array(all.length), shape);
  const [p, s] = [params([1]), settings(-127, 127)];
  for (let t = 0; t < all[0]!.length; t++)
    tf.tidy(() => {
      const levels = tf.tensor(
        all.map((history) => history[t]!),
        shape,
      );
      trackOscillation(w, { levels, params: p, settings: s }, hyper, state);
    });
}

const shapes = [[1], [3], [4], [5, 1], [7, 9], [2, 3, 5, 6], [130, 8]];

describe.each(backends)('oscillation on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes.map((shape) => [shape]))('frequencies of shape %j are the paper’s', async (shape) => {
    const all = histories(tf.util.sizeFromShape(shape), 60, 7);
    const state = freshState(all.length);
    trackAll(all, shape, control({ momentum: 0.05 }), state);
    const expected = all.map((history) => paper(history, 0.05));
    const got = await read(state);
    expectCloseArrays(
      rowOf(got, rows.frequency),
      expected.map(({ frequency }) => frequency),
      1e-6,
    );
    expectCloseArrays(
      rowOf(got, rows.mean),
      expected.map(({ mean }) => mean),
      1e-6,
    );
    expect(rowOf(got, rows.changes)).toEqual(expected.map(({ changes }) => changes));
    expect(rowOf(got, rows.level)).toEqual(all.map((history) => history.at(-1)));
    expect(rowOf(got, rows.pinned).every(Number.isNaN)).toBe(true);
  });

  test('a weight that only rises does not oscillate, and the first change is no turning back', async () => {
    const state = freshState(3);
    trackAll(
      [
        [0, 1, 1, 2, 3],
        [2, 2, 2, 2, 1],
        [0, 1, 1, 0, 0],
      ],
      [3],
      control({ momentum: 0.5 }),
      state,
    );
    const got = await read(state);
    expect(rowOf(got, rows.frequency)).toEqual([0, 0, 0.25]);
    expect(rowOf(got, rows.direction)).toEqual([1, -1, -1]);
    expect(rowOf(got, rows.changes)).toEqual([3, 1, 2]);
  });

  test.each(shapes.map((shape) => [shape]))(
    'what oscillates in shape %j freezes at its mean',
    async (shape) => {
      const all = histories(tf.util.sizeFromShape(shape), 60, 9);
      const state = freshState(all.length);
      trackAll(all, shape, control({ means: means.freeze, momentum: 0.05, threshold: 0.15 }), state);
      const expected = all.map((history) => paper(history, 0.05, 0.15));
      if (all.length > 3) expect(expected.some(({ frozenAt }) => frozenAt !== undefined)).toBe(true);
      const got = await state.data();
      expect(rowOf(got, rows.pinned).map((value) => (Number.isNaN(value) ? undefined : value + 0))).toEqual(
        expected.map(({ frozenAt }) => frozenAt),
      );
    },
  );

  /** A swinging weight per channel, with scales of their own. */
  async function swing(
    steps: number,
    hyper: tf.Variable,
    w: tf.Variable,
    state: tf.Variable,
    s = settings(-7, 7),
  ) {
    const p = params([0.5, 0.25, 0.125]);
    for (let t = 0; t < steps; t++)
      tf.tidy(() => {
        const levels = tf.tensor2d([2 + (t % 2), 1, -1 - (t % 2)], [1, 3]);
        trackOscillation(w, { levels, params: p, settings: s }, hyper, state);
      });
  }

  test('a frozen weight is pinned to its scale times its level, whatever the optimizer does', async () => {
    const [w, state] = [variable([1.2, 0.26, -0.19], [1, 3]), freshState(3)];
    const hyper = control({ means: means.freeze, momentum: 0.125, threshold: 0.4 });
    await swing(20, hyper, w, state);
    const [first, second, third] = await read(w);
    expect(second).toBe(Math.fround(0.26));
    expect([1, 1.5]).toContain(first);
    expect([-0.125, -0.25]).toContain(third);
    tf.tidy(() => w.assign(tf.tensor2d([9, 9, 9], [1, 3])));
    await swing(1, hyper, w, state);
    expect(await read(w)).toEqual([first, 9, third]);
  });

  test('a frozen weight stays while the scale moves little, and is put on its level before it leaves it', async () => {
    const [w, state] = [variable([1], [1]), freshState(1)];
    const hyper = control({ means: means.freeze, momentum: 0.5, threshold: 0.2 });
    const track = (level: number, scale: number, s = settings(-7, 7)) =>
      tf.tidy(() =>
        trackOscillation(
          w,
          { levels: tf.tensor1d([level]), params: params([scale]), settings: s },
          hyper,
          state,
        ),
      );
    for (const level of [3, 4, 3, 4, 4, 4]) track(level, 0.5);
    const frozen = rowOf(await read(state), rows.mean)[0]!;
    expect(await read(w)).toEqual([frozen * 0.5]);
    for (const scale of [0.51, 0.52, 0.49, 0.48]) {
      track(frozen, scale);
      expect(await read(w)).toEqual([frozen * 0.5]);
    }
    track(frozen, 0.5625);
    expect(await read(w)).toEqual([frozen * 0.5625]);
    track(frozen, 0.5);
    expect(await read(w)).toEqual([frozen * 0.5]);
    // At the end of the grid a smaller scale takes it nowhere.
    track(frozen, 0.25, settings(-frozen, frozen));
    expect(await read(w)).toEqual([frozen * 0.5]);
  });

  test('signs freeze at a sign', async () => {
    const all = [0, 1, 2, 3, 4].map((i) =>
      Array.from({ length: 30 }, (_, t) => ((t + i) % (2 + i) === 0 ? 1 : -1)),
    );
    const [w, state] = [variable(new Float32Array(5), [5]), freshState(5)];
    const hyper = control({ means: means.freeze, momentum: 0.1, threshold: 0.3 });
    for (let t = 0; t < 30; t++)
      tf.tidy(() =>
        trackOscillation(
          w,
          {
            levels: tf.tensor1d(all.map((history) => history[t]!)),
            params: params([0.5]),
            settings: settings(-1, 1, 2),
          },
          hyper,
          state,
        ),
      );
    const expected = all.map((history) => paper(history, 0.1, 0.3, (mean) => (mean >= 0 ? 1 : -1)).frozenAt);
    expect(expected.filter((level) => level !== undefined).length).toBeGreaterThan(1);
    expect(await read(w)).toEqual(expected.map((level) => (level ?? 0) / 2));
  });

  test('when freezing ends, every weight is free again', async () => {
    const [w, state] = [variable([1, 0.25, 0], [1, 3]), freshState(3)];
    const hyper = control({ means: means.freeze, momentum: 0.125, threshold: 0.4 });
    await swing(20, hyper, w, state);
    tf.tidy(() => hyper.assign(tf.tensor1d([means.free, 0.125, 0.4, 0, 1, 0])));
    tf.tidy(() => w.assign(tf.tensor2d([9, 9, 9], [1, 3])));
    await swing(1, hyper, w, state);
    expect(await read(w)).toEqual([9, 9, 9]);
    expect(rowOf(await state.data(), rows.pinned).every(Number.isNaN)).toBe(true);
  });

  test('an idle control leaves state and weights of every shape as they are, and a fresh state goes on without flips', async () => {
    for (const shape of shapes) {
      const all = histories(tf.util.sizeFromShape(shape), 12, 5);
      const state = freshState(all.length);
      const hyper = control({ means: means.freeze, momentum: 0.3, threshold: 0.2 });
      trackAll(all, shape, hyper, state);
      const before = await read(state);
      tf.tidy(() => hyper.assign(tf.tensor1d([means.idle, 0.3, 0.2, 0, 1, 0])));
      trackAll(histories(all.length, 9, 6), shape, hyper, state);
      expect(await read(state)).toEqual(before);
      const w = variable(
        Float32Array.from(all, (_, i) => i + 0.5),
        shape,
      );
      const levels = tf.tensor(
        all.map(([first]) => first!),
        shape,
      );
      trackOscillation(w, { levels, params: params([1]), settings: settings(-127, 127) }, hyper, state);
      expect(await read(w)).toEqual(all.map((_, i) => i + 0.5));
      tf.tidy(() => {
        hyper.assign(tf.tensor1d([means.free, 0.3, 0.2, 0, 1, 0]));
      });
      resetOscillation(state);
      expect(await read(state)).toEqual(Array.from(freshOscillation(all.length)));
      trackAll(
        all.map((history) => history.slice(0, 1)),
        shape,
        hyper,
        state,
      );
      const woken = await read(state);
      expect(rowOf(woken, rows.level)).toEqual(all.map(([first]) => first));
      expect([rows.frequency, rows.changes].flatMap((row) => rowOf(woken, row))).toEqual(
        new Array(2 * all.length).fill(0),
      );
    }
  });

  test('a weight without a number starts over, the others go on', async () => {
    const state = freshState(2);
    trackAll(
      [
        [0, 1, 0, Number.NaN, 1, 0, 1],
        [0, 1, 0, 1, 1, 0, 1],
      ],
      [2],
      control({ momentum: 0.5 }),
      state,
    );
    const got = await read(state);
    expect(rowOf(got, rows.changes)).toEqual([2, 5]);
    expect(rowOf(got, rows.frequency)[0]).toBe(0.5);
  });

  /** The plain definition of damping, and its ramp. */
  const damped = (
    g: number,
    w: number,
    scale: number,
    [qmin, qmax]: readonly [number, number],
    lambda: number,
    passed: number,
  ) => {
    const level = Math.min(Math.max(nearestEven(w / scale), qmin), qmax);
    const ramp = (1 - Math.cos(Math.PI * Math.min(Math.max(passed, 0), 1))) / 2;
    const term = (x: number) => (scale * level - Math.min(Math.max(x, scale * qmin), scale * qmax)) ** 2;
    // The derivative of the term as the paper writes it, by a central difference, Q(w) held constant.
    const h = scale * 2 ** -12;
    return g + (lambda * ramp * (term(w + h) - term(w - h))) / (2 * h);
  };

  test.each(shapes.map((shape) => [shape]))(
    'damping of shape %j adds the derivative of the paper’s term',
    async (shape) => {
      const channels = shape.at(-1)!;
      const size = tf.util.sizeFromShape(shape);
      const scales = Array.from(randomFloats(channels, 5, 0.05, 0.3));
      const w = randomFloats(size, 11, -1, 1);
      const g = randomFloats(size, 12);
      const s = settings(-4, 3);
      const levels = Array.from(w, (value, i) =>
        Math.min(Math.max(nearestEven(value / scales[i % channels]!), -4), 3),
      );
      const rounded: RoundedWeights = {
        levels: tf.tensor(levels, shape),
        params: params(scales),
        settings: s,
      };
      const hyper = control({ means: means.damp, lambda: 0.7, rise: 200, start: 50 });
      for (const step of [0, 50, 90, 150, 215, 250, 1000]) {
        const got = await read(
          dampGradient(tf.tensor(g, shape), tf.tensor(w, shape), rounded, hyper, tf.tensor1d([step])),
        );
        const expected = Array.from(g, (value, i) =>
          damped(value, w[i]!, scales[i % channels]!, [-4, 3], 0.7, (step - 50) / 200),
        );
        expectCloseArrays(got, expected, 1e-5);
      }
    },
  );

  test('damping leaves gradients of clipped weights and before its start as they are, to the last bit', async () => {
    const g = tf.tensor1d([0.3, 0.3, 0.3]);
    const w = tf.tensor1d([-0.6, 0.1, 0.45]);
    const rounded = { levels: tf.tensor1d([-2, 0, 1]), params: params([0.25]), settings: settings(-2, 1) };
    const hyper = control({ means: means.damp, lambda: 10, rise: 100, start: 10 });
    expect(await read(dampGradient(g, w, rounded, hyper, tf.tensor1d([10])))).toEqual(await read(g));
    const full = await read(dampGradient(g, w, rounded, hyper, tf.tensor1d([110])));
    expect([full[0], full[2]]).toEqual([Math.fround(0.3), Math.fround(0.3)]);
    expect(full[1]).toBeCloseTo(0.3 + 2 * 10 * 0.1, 5);
  });

  test('nothing is left behind', () => {
    const [w, state] = [variable([1, 2, 3], [3]), freshState(3)];
    const rounded = { levels: tf.tensor1d([1, 2, 3]), params: params([1]), settings: settings(-7, 7) };
    const [g, hyper, clock] = [tf.tensor1d([1, 1, 1]), control({ lambda: 1 }), tf.tensor1d([3])];
    expectNoLeak(() => trackOscillation(w, rounded, hyper, state));
    expectNoLeak(() => dampGradient(g, w, rounded, hyper, clock));
  });

  test('a state of another size is refused in a sentence', () => {
    const rounded = { levels: tf.tensor1d([1, 2, 3]), params: params([1]), settings: settings(-7, 7) };
    expect(() => trackOscillation(tf.zeros([3]), rounded, control({}), freshState(2))).toThrow(
      'The state of oscillation must have the shape [6, 3], but has [6, 2].',
    );
  });
});

test('all backends give the same states, weights and gradients to the last bit', async () => {
  const all = histories(37 * 5, 80, 21);
  const start = randomFloats(all.length, 22, -2, 2);
  const scales = Array.from(randomFloats(5, 23, 0.1, 0.6));
  const compute = async () => {
    const [w, state] = [variable(start, [37, 5]), freshState(all.length)];
    const hyper = control({ means: means.freeze, momentum: 0.05, threshold: 0.15, lambda: 0.37, rise: 333 });
    const s = settings(-4, 3);
    const gradients: number[][] = [];
    for (let t = 0; t < 80; t++) {
      const levels = tf.tensor2d(
        all.map((history) => history[t]!),
        [37, 5],
      );
      const p = params(scales.map((scale) => scale * (1 + 0.004 * t)));
      const rounded = { levels, params: p, settings: s };
      trackOscillation(w, rounded, hyper, state);
      if (t % 20 === 7)
        gradients.push(
          await read(dampGradient(tf.tensor2d(start, [37, 5]), w, rounded, hyper, tf.tensor1d([4.5 * t]))),
        );
    }
    return { gradients, w: await read(w), state: await read(state) };
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
