import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Split } from '@/data/dataset';
import { startBackend } from '@/kernels/testing/backends';
import { rowsOf } from './batches';
import { ResidentData } from './residentData';

const splits: Record<string, { split: Split; shape: number[] }> = {
  // 256 values, and examples that do not begin at a whole word
  'bytes of odd size': {
    split: {
      count: 50,
      x: Uint8Array.from({ length: 50 * 15 }, (_, i) => (i * 89) % 256),
      y: Uint8Array.from({ length: 50 }, (_, i) => i % 10),
    },
    shape: [5, 3, 1],
  },
  'floats with several labels each': {
    split: {
      count: 20,
      x: Float32Array.from({ length: 20 * 2 }, (_, i) => Math.sin(i)),
      y: Int8Array.from({ length: 20 * 4 }, (_, i) => (i % 7) - 1),
    },
    shape: [2],
  },
};

describe.each(['wasm', 'webgpu'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(Object.entries(splits))(
    'batches of %s are those made in JavaScript',
    async (_, { split, shape }) => {
      const resident = ResidentData.of(split, shape)!;
      const order = Int32Array.from({ length: split.count }, (_, i) => (i * 7) % split.count);
      const orders = [order, order.toReversed()];
      for (const each of orders)
        for (const [from, count] of [
          [0, 4],
          [8, 4],
          [split.count - 1, 1],
        ] as const) {
          const batch = resident.gather(each, from, count);
          const expected = rowsOf(split, shape, each.subarray(from, from + count));
          expect(batch.x.shape).toEqual(expected.x.shape);
          expect(await batch.x.data()).toEqual(await expected.x.data());
          expect(await batch.y.data()).toEqual(await expected.y.data());
          tf.dispose([batch.x, batch.y, expected.x, expected.y]);
        }
      const { numTensors } = tf.memory();
      resident.dispose();
      expect(tf.memory().numTensors).toBeLessThan(numTensors);
    },
  );
});
