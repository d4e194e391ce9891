import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import {
  type ActivationQuantizerKind,
  type ActivationSite,
  activationSite,
  activationQuantizers as kinds,
} from '@/catalog/quantizers';
import { backends, expectCloseArrays, randomFloats, startBackend } from '@/kernels/testing/backends';
import { read } from '@/kernels/testing/tensors';
import {
  activationQuantizers,
  initialiseActivations,
  observeActivations,
  roundActivations,
} from './activations';
import type { ActivationState } from './quantizer';
import { activationSettings } from './settings';

const integerKinds = (Object.keys(kinds) as ActivationQuantizerKind[]).filter(
  (kind) => kinds[kind].deploysTo === 'integer',
);
const stopped = () => tf.tensor1d([-1]);
const signed = randomFloats(600, 3, -1, 2);
const positive = signed.map((v) => Math.max(v, 0));

function stateOf(site: ActivationSite): ActivationState {
  const quantizer = activationQuantizers[site.quantizer];
  const variable = (values: ArrayLike<number>) => tf.variable(tf.tensor1d(Float32Array.from(values)), false);
  return {
    settings: variable(activationSettings(site, quantizer, [30], 1)),
    observer: variable(quantizer.freshObserver()),
    ...(quantizer.learned && { learned: variable(quantizer.learned.least.map(() => 0)) }),
  };
}

async function initialised(site: ActivationSite, values: Float32Array, fresh = false) {
  const state = stateOf(site);
  initialiseActivations(tf.tensor2d(values, [20, 30]), site, state, fresh);
  return { state, learned: state.learned ? await read(state.learned) : [] };
}

const forPositive: ReadonlySet<string> = new Set(['pact', 'dorefa']);

describe.each(backends)('activation quantizers on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(integerKinds)(
    '%s rounds what it was initialised with, keeps 0, and is closer with more bits',
    async (quantizer) => {
      const values = forPositive.has(quantizer) ? positive.map((v) => v / 2) : signed;
      let last = Number.POSITIVE_INFINITY;
      for (const bits of [2, 4, 8] as Bits[]) {
        const site = { ...activationSite(bits), quantizer };
        const { state } = await initialised(site, values);
        const { values: q, params } = roundActivations(
          tf.tensor1d(Float32Array.of(0, ...values)),
          site,
          state,
          stopped(),
        );
        const integers = await read(q);
        const [scale = 0, inverse, zeroPoint, quantized] = await read(params);
        expect(integers[0]).toBe(0);
        expect(integers.every(Number.isInteger)).toBe(true);
        expect(new Set(integers).size).toBeLessThanOrEqual(2 ** bits);
        expect([inverse, quantized]).toEqual([Math.fround(1 / scale), 1]);
        expect(Number.isInteger(zeroPoint)).toBe(true);
        const error = values.reduce((sum, v, i) => sum + (v - integers[i + 1]! * scale) ** 2, 0);
        expect(error).toBeLessThan(last);
        last = error;
      }
      expect(last / values.length).toBeLessThan(0.01);
    },
  );

  test('LSQ starts at 2 mean|x| / sqrt(Qp); signed values have a zero point in the middle', async () => {
    const mean = (values: Float32Array) => values.reduce((sum, v) => sum + Math.abs(v), 0) / values.length;
    const site = { ...activationSite(4), quantizer: 'lsq' } as const;
    expectCloseArrays(
      (await initialised(site, positive)).learned,
      [(2 * mean(positive)) / Math.sqrt(15), 0],
      1e-6,
    );
    expectCloseArrays(
      (await initialised(site, signed)).learned,
      [(2 * mean(signed)) / Math.sqrt(7), 8],
      1e-6,
    );
    const one = { ...site, bits: 1 } as const;
    expectCloseArrays((await initialised(one, signed)).learned, [2 * mean(signed), 0], 1e-6);
  });

  test('LSQ+ starts with a grid that spans the values', async () => {
    const site = { ...activationSite(4), quantizer: 'lsqplus' } as const;
    const [low, high] = [Math.min(...signed), Math.max(...signed)];
    expectCloseArrays((await initialised(site, signed)).learned, [(high - low) / 15, low], 1e-6);
    expectCloseArrays((await initialised(site, positive)).learned, [high / 15, 0], 1e-6);
  });

  test('PACT starts at 6, and in mid-run at the largest value', async () => {
    const site = { ...activationSite(4), quantizer: 'pact' } as const;
    expect((await initialised(site, positive, true)).learned).toEqual([6]);
    expect((await initialised(site, positive)).learned).toEqual([Math.max(...positive)]);
  });

  test('DoReFa: clip to [0, 1] and round to 2^n - 1 steps, the gradient inside', async () => {
    const site = { ...activationSite(2), quantizer: 'dorefa' } as const;
    const { state } = await initialised(site, positive);
    const x = tf.tensor1d([-0.1, 0, 0.4, 0.51, 1, 1.1]);
    const { values, params } = roundActivations(x, site, state, stopped());
    expect(await read(values)).toEqual([0, 0, 1, 2, 3, 3]);
    expectCloseArrays([(await read(params))[0]!], [1 / 3], 1e-7);
    const dx = tf.grad((v: tf.Tensor) => roundActivations(v, site, state, stopped()).values)(x);
    expectCloseArrays(await read(dx), [0, 3, 3, 3, 3, 0], 1e-6);
  });

  test('what only learns observes nothing', async () => {
    for (const quantizer of ['lsq', 'lsqplus', 'pact', 'dorefa'] as const) {
      const site = { ...activationSite(4), quantizer };
      const { state } = await initialised(site, positive);
      const before = [await read(state.observer), state.learned && (await read(state.learned))];
      observeActivations(tf.tensor1d([100, -100]), site, state);
      expect([await read(state.observer), state.learned && (await read(state.learned))]).toEqual(before);
    }
  });

  test.each(['dynamic', 'dynamicAbsmax'] as const)(
    '%s: every example has a grid of its own, in training and in evaluation',
    async (quantizer) => {
      const site = { ...activationSite(4), quantizer };
      const { state } = await initialised(site, signed);
      const x = tf.tensor2d(
        signed.map((value, i) => value * 2 ** (Math.floor(i / 30) - 10)),
        [20, 30],
      );
      observeActivations(x, site, state);
      const { values: y, params, own } = roundActivations(x, site, state, stopped());
      expect(await read(params)).toEqual([1, 1, 0, 0]);
      expect(own?.shape).toEqual([4, 20]);
      const [before, after] = [await read(x), await read(y)];
      for (let row = 0; row < 20; row++) {
        const [from, to] = [30 * row, 30 * row + 30];
        const values = after.slice(from, to);
        expect(new Set(values).size).toBeGreaterThan(8);
        expect(new Set(values).size).toBeLessThanOrEqual(16);
        const reach = Math.max(...before.slice(from, to).map(Math.abs));
        const worst = Math.max(...values.map((value, i) => Math.abs(value - before[from + i]!)));
        expect(worst / reach).toBeLessThan(0.11);
      }
      const alone = roundActivations(tf.slice(x, [7, 0], [1, 30]), site, state, stopped());
      expect(await read(alone.values)).toEqual(after.slice(210, 240));
      const off = { ...activationSite(32), quantizer };
      const passed = roundActivations(x, off, (await initialised(off, signed)).state, stopped());
      expect(await read(passed.values)).toEqual(before);
    },
  );
});
