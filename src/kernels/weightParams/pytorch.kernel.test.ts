import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import fixtures from '@/quant/fixtures/weightScales.json';
import { backends, startBackend } from '../testing/backends';
import { read, settings } from '../testing/tensors';
import { weightParams } from './index';

const { fround } = Math;

describe.each(backends)('abs-max scales on %s are those of PyTorch’s symmetric observers', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(fixtures.cases.map((example) => [example.name, example] as const))('%s', async (_, example) => {
    const { qmin, qmax, shape, perTensor, perChannel } = example;
    const w = tf.tensor(example.w, shape);
    const channels = shape.at(-1)!;
    const scales = async (granularity: number) =>
      (await read(weightParams(w, settings(qmin, qmax, 1, granularity), 'absmax'))).slice(0, channels);
    expect(await scales(0)).toEqual(Array.from({ length: channels }, () => fround(perTensor[0]!)));
    expect(await scales(1)).toEqual(perChannel.map(fround));
  });
});
