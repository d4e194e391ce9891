import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FloatFormatName, floatFormats } from '@/catalog/formats';
import fixtures from '@/quant/fixtures/floats.json';
import { backends, startBackend } from '../testing/backends';
import { params, settings } from '../testing/tensors';
import { quantizeFloat } from './index';

describe.each(backends)('quantizeFloat on %s casts as ml_dtypes does', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(fixtures.cases)('to $format', async ({ format, x, y }) => {
    const name = format as FloatFormatName;
    const on = settings(-floatFormats[name].max, floatFormats[name].max, 4);
    const q = await quantizeFloat(tf.tensor1d(x), params([1]), on, name).data();
    expect([...q]).toEqual(y.map(Math.fround));
  });
});
