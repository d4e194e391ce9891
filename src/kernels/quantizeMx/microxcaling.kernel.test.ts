import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BlockFormatName } from '@/catalog/formats';
import fixtures from '@/quant/fixtures/blocks.json';
import { backends, startBackend } from '../testing/backends';
import { read, settings } from '../testing/tensors';
import { quantizeMx } from './index';

describe.each(backends)('quantizeMx on %s rounds as microxcaling does', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(fixtures.cases)('weights of shape $shape to $format', async ({ format, shape, x, y }) => {
    const q = quantizeMx(tf.tensor(x, shape), settings(-1, 1, 4), format as BlockFormatName);
    expect(await read(q)).toEqual(y.map((value) => Math.fround(value) + 0));
  });
});
