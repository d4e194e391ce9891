import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import fixtures from '@/quant/fixtures/groups.json';
import { quantize } from '../quantize';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, onEach, read, settings } from '../testing/tensors';
import { weightParams } from '../weightParams';
import { type GroupMethod, type GroupSize, groupParams, groupSizes } from './index';

const methods: GroupMethod[] = ['absmax', 'mse', 'percentile', 'pow2', 'mean', 'twn'];
/** Methods whose scales are maxima, the same to the last bit on every backend. */
const exact: ReadonlySet<GroupMethod> = new Set(['absmax', 'percentile', 'pow2']);
const shapes = [
  [1, 1],
  [1, 5],
  [2, 3],
  [16, 4],
  [17, 3],
  [100, 7],
  [3, 3, 1, 2],
  [3, 3, 40, 6],
  [2, 96, 9],
];

/** The weights of each group, by their indices, counted out one by one. */
function groupsOf(shape: readonly number[], size: number): number[][] {
  const channels = shape.at(-1)!;
  const length = shape.at(-2)!;
  const groups = new Map<string, number[]>();
  for (let i = 0; i < tf.util.sizeFromShape([...shape]); i++) {
    const row = Math.floor(i / channels);
    const key = `${Math.floor(row / length)} ${Math.floor((row % length) / size)} ${i % channels}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()];
}

/** Weights rounded group by group, as a layer gets them. */
function fakeQuantized(w: tf.Tensor, s: tf.Tensor1D, method: GroupMethod, size: GroupSize): tf.Tensor {
  const params = groupParams(w, s, method, size);
  const flat = tf.reshape(w, [1, w.size]);
  return tf.reshape(tf.mul(quantize(flat, params, s), tf.slice(params, [0, 0], [1, w.size])), w.shape);
}

describe.each(backends)('groupParams on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(methods)(
    '%s: each group has the parameters of a channel of these weights alone',
    async (method) => {
      for (const shape of shapes) {
        const x = randomFloats(tf.util.sizeFromShape(shape), 7, -1.4, 1.1);
        const n = x.length;
        for (const [size, mode, qmax] of [
          [16, 1, 7],
          [32, 1, 1],
          [64, 2, 1],
        ] as const) {
          const s = settings(-qmax, qmax, mode, 1);
          const found = await read(groupParams(tf.tensor(x, shape), s, method, size));
          // Groups of one length side by side, each a channel.
          for (const length of new Set(groupsOf(shape, size).map((group) => group.length))) {
            const groups = groupsOf(shape, size).filter((group) => group.length === length);
            const matrix = Float32Array.from({ length: length * groups.length }, (_, k) => {
              const group = groups[k % groups.length]!;
              return x[group[Math.floor(k / groups.length)]!]!;
            });
            const alone = tf.tensor2d(matrix, [length, groups.length]);
            const expected = await read(weightParams(alone, s, method));
            for (let row = 0; row < 4; row++) {
              const own = groups.flatMap((group) => group.map((i) => found[row * n + i]!));
              const wanted = groups.flatMap((group, g) =>
                group.map(() => expected[row * groups.length + g]!),
              );
              if (exact.has(method) && mode === 1) expect(own).toEqual(wanted);
              else expectCloseArrays(own, wanted, 1e-6);
            }
          }
        }
      }
    },
  );

  test.each(fixtures.cases.map((example) => [example.name, example] as const))(
    'values and gradient are those of PyTorch: %s',
    async (_, { shape, size, qmin, qmax, w, y, dy, dw }) => {
      const s = settings(qmin, qmax, 1, 1);
      const weights = tf.tensor(w, shape);
      const rounded = (v: tf.Tensor) => fakeQuantized(v, s, 'absmax', size as GroupSize);
      expect(await read(rounded(weights))).toEqual(y.map((value) => Math.fround(value) + 0));
      const gradient = await read(tf.grad(rounded)(weights, tf.tensor(dy, shape)));
      // Here dy goes through scale and its inverse.
      expectCloseArrays(gradient, dw.map(Math.fround), 2 ** -22);
    },
  );

  test('a group longer than the axis is a channel', async () => {
    const w = tf.tensor2d(randomFloats(60, 2), [12, 5]);
    const s = settings(-7, 7, 1, 1);
    const channel = await read(weightParams(w, s, 'absmax'));
    const found = await read(groupParams(w, s, 'absmax', 128));
    expect(found).toEqual(Array.from({ length: 240 }, (_, i) => channel[Math.floor(i / 60) * 5 + (i % 5)]!));
  });

  test('mode 0 gives 1, 1, 0, 0', async () => {
    for (const method of methods) {
      const found = await read(groupParams(tf.ones([33, 2]), settings(-7, 7, 0, 1), method, 32));
      expect(found).toEqual([...Array(132).fill(1), ...Array(132).fill(0)]);
    }
  });

  test('NaN or an infinity makes the scale of its group NaN, and no other', async () => {
    const x = new Float32Array(80).fill(1);
    x[3] = Number.NaN;
    x[70] = Number.POSITIVE_INFINITY;
    for (const method of methods) {
      const found = await groupParams(tf.tensor2d(x, [80, 1]), settings(-1, 1, 1, 1), method, 32).data();
      expect(Array.from(found.subarray(0, 80), Number.isNaN)).toEqual(
        Array.from(x, (_, i) => i < 32 || i >= 64),
      );
    }
  });

  test('a group of zeros gets the smallest scale', async () => {
    const found = await read(groupParams(tf.zeros([20, 1]), settings(-7, 7, 1, 1), 'absmax', 16));
    expect(found.slice(0, 20)).toEqual(Array(20).fill(2 ** -24));
  });

  test('nothing is left behind', () => {
    const w = tf.tensor2d(randomFloats(350, 1), [50, 7]);
    const s = settings(-7, 7, 1, 1);
    for (const method of methods)
      expectNoLeak(() => tf.grad((v: tf.Tensor) => fakeQuantized(v, s, method, 32))(w));
  });

  test('a tensor without input channels is refused in a sentence', () => {
    expect(() => groupParams(tf.zeros([3]), settings(-7, 7, 1, 1), 'absmax', 32)).toThrow(
      'Groups run along the input channels, but the tensor has the shape [3].',
    );
  });
});

test.each(groupSizes)('all backends give the same bits in groups of %i', async (size) => {
  const x = randomFloats(300 * 64, 31);
  const compute = () => {
    const w = tf.tensor2d(x, [300, 64]);
    return read(fakeQuantized(w, settings(-7, 7, 1, 1), 'absmax', size));
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
