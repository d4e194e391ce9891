import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import fixtures from '@/quant/fixtures/movingAverage.json';
import { backends, startBackend } from '../testing/backends';
import { read, settings } from '../testing/tensors';
import { activationParams, initialObserverState, observeMinMax } from './index';

const { fround } = Math;

describe.each(backends)('the observer on %s is PyTorch’s moving average, bit for bit', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(fixtures.cases.map((example) => [example.name, example] as const))('%s', async (_, example) => {
    const state = tf.variable(tf.tensor1d(initialObserverState()), false);
    const s = settings(example.qmin, example.qmax);
    for (const { x, min, max, scale, zeroPoint } of example.batches) {
      observeMinMax(tf.tensor1d(x), state);
      expect((await read(state)).slice(0, 2)).toEqual([fround(min) + 0, fround(max) + 0]);
      const params = await read(activationParams(state as unknown as tf.Tensor1D, s));
      expect([params[0], params[2]]).toEqual([fround(scale), zeroPoint]);
    }
  });
});
