import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { floatFormats } from '@/catalog/formats';
import { quantizeFloat } from '../quantizeFloat';
import { backends, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read, settings } from '../testing/tensors';
import { floatActivationParams, floatWeightParams, unitParams } from './index';

const { fround } = Math;
const { max } = floatFormats.e4m3;
const float = (granularity = 0, mode = 4) => settings(-max, max, mode, granularity);
const absmax = (values: readonly number[]) => Math.max(...values.map(Math.abs));

describe.each(backends)('the parameters of float formats on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('the largest weight lands on the largest value, per tensor and per channel', async () => {
    const w = randomFloats(35, 3, -0.7, 0.7);
    const column = (c: number) => [...w].filter((_, i) => i % 5 === c);
    for (const granularity of [0, 1]) {
      const params = floatWeightParams(tf.tensor2d(w, [7, 5]), float(granularity));
      const scales = Array.from({ length: 5 }, (_, c) =>
        fround(absmax(granularity === 1 ? column(c) : [...w]) / max),
      );
      expect(await read(params)).toEqual([
        ...scales,
        ...scales.map((scale) => fround(1 / scale)),
        ...new Array<number>(10).fill(0),
      ]);
      const q = await read(quantizeFloat(tf.tensor2d(w, [7, 5]), params, float(granularity), 'e4m3'));
      expect(absmax(q)).toBe(max);
    }
  });

  test('mode 0 and blocks have unit scales', async () => {
    const unit = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
    const w = tf.tensor2d(randomFloats(6, 3), [2, 3]);
    expect(await read(floatWeightParams(w, float(0, 0)))).toEqual(unit);
    expect(await read(unitParams(w))).toEqual(unit);
    expect(await read(floatActivationParams(tf.tensor1d([-1, 9, 1, 0.01]), float(0, 0)))).toEqual([
      1, 1, 0, 0,
    ]);
  });

  test('the scale of an activation follows the larger side of its range', async () => {
    for (const [low, high] of [
      [-3, 5],
      [-7.3, 0.2],
      [0, 11.7],
      [2, 3],
    ] as const) {
      const scale = fround(fround(Math.max(Math.abs(low), Math.abs(high))) / max);
      const params = floatActivationParams(tf.tensor1d([low, high, 1, 0.01]), float());
      expect(await read(params)).toEqual([scale, fround(1 / scale), 0, 0]);
    }
  });

  test('an observer that has seen nothing stands for 1, zeros for the smallest scale, NaN for NaN', async () => {
    const at = (state: number[]) => read(floatActivationParams(tf.tensor1d(state), float()));
    expect((await at([0, 0, 0, 0.01]))[0]).toBe(fround(1 / max));
    expect(await at([0, 0, 1, 0.01])).toEqual([2 ** -24, 2 ** 24, 0, 0]);
    for (const lost of [Number.NaN, Number.POSITIVE_INFINITY])
      expect((await at([0, lost, 1, 0.01])).slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
    const w = tf.tensor2d([1, Number.NaN, 2, 3], [2, 2]);
    const params = await read(floatWeightParams(w, float(1)));
    expect(params[0]).toBe(fround(2 / max));
    expect(params[1]).toBeNaN();
    expect(params.slice(4)).toEqual([0, 0, 0, 0]);
  });

  test('they are constants to differentiation, and nothing is left behind', async () => {
    const w = tf.tensor2d(randomFloats(6, 3), [2, 3]);
    const loss = (v: tf.Tensor) => tf.add(tf.sum(v), tf.sum(floatWeightParams(v, float())));
    expect(await read(tf.grad(loss)(w))).toEqual([1, 1, 1, 1, 1, 1]);
    expectNoLeak(() => floatWeightParams(w, float()));
    expectNoLeak(() => unitParams(w));
    expectNoLeak(() => floatActivationParams(tf.tensor1d([0, 1, 1, 0.01]), float()));
  });
});

test('all backends find the same scales', async () => {
  const w = randomFloats(640, 9, -3, 3);
  const compute = async () => [
    ...(await read(floatWeightParams(tf.tensor2d(w, [64, 10]), float(1)))),
    ...(await read(floatActivationParams(tf.tensor1d([-0.123, 4.567, 1, 0.01]), float()))),
  ];
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
