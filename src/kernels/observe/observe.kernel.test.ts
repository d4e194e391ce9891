import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { quantize } from '../quantize';
import { backends, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, read, settings } from '../testing/tensors';
import { activationParams, defaultMomentum, initialObserverState, observeMinMax } from './index';

const fround = Math.fround;

const freshState = (momentum?: number) => tf.variable(tf.tensor1d(initialObserverState(momentum)), false);
const seen = (min: number, max: number) => tf.tensor1d([min, max, 1, defaultMomentum]);

/** A plain moving average in float32. */
function follow(batches: readonly (readonly number[])[], momentum: number): [number, number] {
  const m = fround(momentum);
  const approach = (old: number, next: number) => fround(old + fround(m * fround(next - old)));
  const ranges = batches.map((batch) => [Math.min(...batch), Math.max(...batch)] as const);
  return ranges
    .slice(1)
    .reduce<[number, number]>(
      ([low, high], [least, greatest]) => [approach(low, least), approach(high, greatest)],
      [...ranges[0]!],
    );
}

/** [scale, inverse, zero point, quantized] by the definition. */
function expectedParams(min: number, max: number, qmin: number, qmax: number): number[] {
  const [low, high] = [Math.min(fround(min), 0), Math.max(fround(max), 0)];
  const scale = fround(fround(high - low) / (qmax - qmin));
  const zeroPoint = Math.min(Math.max(qmin - nearestEven(fround(low / scale)), qmin), qmax);
  return [scale, fround(1 / scale), zeroPoint + 0, 1];
}

describe.each(backends)('the observer on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('the first batch sets the range', async () => {
    const state = freshState();
    observeMinMax(tf.tensor2d([3, -1, 0.5, 7, 2, 2], [2, 3]), state);
    expect(await read(state)).toEqual([-1, 7, 1, fround(0.01)]);
  });

  test('later batches move it by the momentum, bit for bit as in float32', async () => {
    for (const size of [1, 3, 4, 5, 64, 257]) {
      const batches = Array.from({ length: 12 }, (_, i) => Array.from(randomFloats(size, i + 1, -3, 5)));
      const state = freshState();
      for (const batch of batches) observeMinMax(tf.tensor1d(batch), state);
      const [min, max] = follow(batches, defaultMomentum);
      expect(await read(state)).toEqual([min, max, 1, fround(0.01)]);
    }
  });

  test('a large tensor is covered to its ends', async () => {
    for (const size of [16_384, 16_385, 100_001, 3_000_000]) {
      for (const at of [0, size - 1, size >> 1]) {
        const x = randomFloats(size, 2);
        x[at] = 9;
        x[(at + 7) % size] = -8;
        const state = freshState();
        observeMinMax(tf.tensor1d(x), state);
        expect((await read(state)).slice(0, 2)).toEqual([-8, 9]);
      }
    }
  });

  test('all negative and all positive tensors', async () => {
    const state = freshState(0.5);
    observeMinMax(tf.tensor1d([-3, -2]), state);
    expect((await read(state)).slice(0, 2)).toEqual([-3, -2]);
    observeMinMax(tf.tensor1d([1, 4, 2]), state);
    expect((await read(state)).slice(0, 2)).toEqual([-1, 1]);
  });

  test('a NaN makes the range NaN, for good', async () => {
    for (const size of [5, 40_000]) {
      for (const initialised of [false, true]) {
        const state = freshState();
        if (initialised) observeMinMax(tf.tensor1d([1, 2]), state);
        const x = randomFloats(size, 3);
        x[size - 2] = Number.NaN;
        observeMinMax(tf.tensor1d(x), state);
        observeMinMax(tf.tensor1d([1, 2]), state);
        const values = await state.data();
        expect([values[0], values[1], values[2]]).toEqual([Number.NaN, Number.NaN, 1]);
        const found = await activationParams(state, settings(0, 255)).data();
        expect([found[0], found[1]]).toEqual([Number.NaN, Number.NaN]);
        const q = await quantize(
          tf.tensor1d([1]),
          activationParams(state, settings(0, 255)),
          settings(0, 255),
        ).data();
        expect(q[0]).toBeNaN();
      }
    }
  });

  test('reading the state between updates does not freeze it, and what was read stays', async () => {
    const state = freshState(0.5);
    observeMinMax(tf.tensor1d([0, 4]), state);
    const first = await state.data();
    observeMinMax(tf.tensor1d([0, 8]), state);
    expect([first[1], (await state.data())[1]]).toEqual([4, 6]);
    observeMinMax(tf.tensor1d([0, 8]), state);
    expect((await state.data())[1]).toBe(7);
  });

  test('observing inside a differentiated function leaves the gradient alone', async () => {
    const state = freshState();
    const f = (x: tf.Tensor) => {
      const y = tf.mul(x, 3);
      observeMinMax(y, state);
      return tf.sum(y);
    };
    expect(await read(tf.grad(f)(tf.tensor1d([1, -2])))).toEqual([3, 3]);
    expect((await read(state)).slice(0, 2)).toEqual([-6, 3]);
  });

  test('the golden range [-3.5, 10.2] of uint8', async () => {
    const found = await read(activationParams(seen(-3.5, 10.2), settings(0, 255)));
    expect(found[0]).toBeCloseTo(0.0537255, 7);
    expect(found[2]).toBe(65);
    expect(found).toEqual(expectedParams(-3.5, 10.2, 0, 255));
  });

  test('random ranges at every number of bits, signed and unsigned', async () => {
    const ends = randomFloats(40, 6, -20, 20);
    for (let bits = 2; bits <= 8; bits++) {
      for (const qmin of [0, -(2 ** (bits - 1))]) {
        const qmax = qmin + 2 ** bits - 1;
        for (let i = 0; i < ends.length; i += 2) {
          const [min, max] = [Math.min(ends[i]!, ends[i + 1]!), Math.max(ends[i]!, ends[i + 1]!)];
          const found = await read(activationParams(seen(min, max), settings(qmin, qmax)));
          expect(found).toEqual(expectedParams(min, max, qmin, qmax));
        }
      }
    }
  }, 120_000);

  test('after a ReLU the zero point is qmin', async () => {
    expect(await read(activationParams(seen(0, 6), settings(0, 15)))).toEqual(expectedParams(0, 6, 0, 15));
    expect((await read(activationParams(seen(0, 6), settings(-8, 7))))[2]).toBe(-8);
  });

  test('a range on one side of 0 is widened to it', async () => {
    const positive = await read(activationParams(seen(2, 5), settings(0, 255)));
    expect(positive).toEqual(expectedParams(0, 5, 0, 255));
    const negative = await read(activationParams(seen(-5, -2), settings(0, 255)));
    expect(negative[2]).toBe(255);
  });

  test('one bit stands for 0 and max, whatever min is', async () => {
    for (const min of [-3, 0, 1]) {
      const s = settings(0, 1);
      const p = activationParams(seen(min, 2.5), s);
      expect(await read(p)).toEqual([2.5, fround(1 / 2.5), 0, 1]);
      expect(await read(quantize(tf.tensor1d([-3, 0, 1, 1.5, 9]), p, s))).toEqual([0, 0, 0, 1, 1]);
    }
  });

  test('a range without extent gets the smallest scale', async () => {
    const found = await read(activationParams(seen(0, 0), settings(-8, 7)));
    expect(found).toEqual([2 ** -24, 2 ** 24, -8, 1]);
    const negative = await read(activationParams(seen(-2, -1), settings(0, 1)));
    expect(negative).toEqual([2 ** -24, 2 ** 24, 0, 1]);
  });

  test('an observer that has seen nothing stands for [0, 1]', async () => {
    const found = await read(activationParams(freshState(), settings(0, 255)));
    expect(found).toEqual(expectedParams(0, 1, 0, 255));
  });

  test('a range that is not finite gives NaN', async () => {
    for (const state of [
      seen(Number.NEGATIVE_INFINITY, 1),
      seen(0, Number.POSITIVE_INFINITY),
      seen(-3e38, 3e38),
      seen(Number.NaN, 1),
      seen(0, Number.NaN),
    ]) {
      const found = await activationParams(state, settings(0, 255)).data();
      expect([...found]).toEqual([Number.NaN, Number.NaN, 0, 1]);
    }
  });

  test('settings that change between calls are followed', async () => {
    const state = seen(-1, 3);
    const s = tf.variable(settings(0, 255, 0), false);
    const run = () => read(activationParams(state, s as unknown as tf.Tensor1D));
    expect(await run()).toEqual([1, 1, 0, 0]);
    s.assign(settings(0, 15));
    expect(await run()).toEqual(expectedParams(-1, 3, 0, 15));
    s.assign(settings(0, 1));
    expect((await run())[0]).toBe(3);
  });

  test('nothing is left behind', () => {
    const small = tf.tensor1d(randomFloats(35, 1));
    const large = tf.tensor1d(randomFloats(100_000, 1));
    const state = freshState();
    const s = settings(0, 255);
    expectNoLeak(() => observeMinMax(small, state));
    expectNoLeak(() => observeMinMax(large, state));
    expectNoLeak(() => activationParams(state, s));
  });
});

test('all backends follow the same range and find the same parameters', async () => {
  const compute = async () => {
    const state = freshState();
    const found: number[][] = [];
    for (let i = 0; i < 30; i++) {
      observeMinMax(tf.tensor1d(randomFloats(1000, i + 1, -2 - i / 10, 3 + i / 7)), state);
      found.push(await read(state), await read(activationParams(state, settings(0, 255))));
    }
    return found;
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
