import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import fixtures from '@/quant/fixtures/fakeQuantize.json';
import { backends, expectCloseArrays, startBackend } from '../testing/backends';
import { params, read, settings } from '../testing/tensors';
import { quantize } from './index';

const float32 = (values: readonly number[]) => Array.from(values, (value) => Math.fround(value) + 0);

describe.each(backends)('fake quantization on %s is that of PyTorch', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(fixtures.cases.map((example) => [example.name, example] as const))('%s', async (_, example) => {
    const { scales, zeroPoints, qmin, qmax, channels } = example;
    const shape = [example.x.length / channels, channels];
    const p = params(scales, zeroPoints);
    const s = settings(qmin, qmax, 1, channels === 1 ? 0 : 1);
    const scale = tf.tensor2d(scales, [1, channels]);
    const fakeQuantize = (x: tf.Tensor) => tf.mul(quantize(x, p, s), scale);
    const x = tf.tensor(example.x, shape);
    expect(await read(fakeQuantize(x))).toEqual(float32(example.y));
    const dx = await read(tf.grad(fakeQuantize)(x, tf.tensor(example.dy, shape)));
    expect(dx.map((value) => value === 0)).toEqual(example.dx.map((value) => value === 0));
    // Here dy goes through scale and its inverse.
    expectCloseArrays(dx, float32(example.dx), 2 ** -22);
  });
});
