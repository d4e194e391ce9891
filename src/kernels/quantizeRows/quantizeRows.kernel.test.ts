import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import fixtures from '@/quant/fixtures/rows.json';
import { backends, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, read, settings } from '../testing/tensors';
import { quantizeRows, rowParams } from './index';

const { fround } = Math;

/** Rows of a shape: how many, and how long. */
function layout(shape: readonly number[]): { rows: number; length: number } {
  const rows = shape.length === 3 ? shape[0]! * shape[1]! : shape[0]!;
  return { rows, length: tf.util.sizeFromShape([...shape]) / rows };
}

/** The definition, row by row. */
function reference(x: Float32Array, shape: readonly number[], qmin: number, qmax: number) {
  const { rows, length } = layout(shape);
  const found = Array.from({ length: rows }, (_, row) => {
    const values = Array.from(x.subarray(row * length, (row + 1) * length));
    const low = qmax - qmin === 1 ? 0 : Math.min(0, ...values);
    const span =
      qmin < 0
        ? fround(Math.max(...values.map(Math.abs)) / qmax)
        : fround(fround(Math.max(0, ...values) - low) / (qmax - qmin));
    const scale = Math.max(span, 2 ** -24);
    const nudged = Math.min(Math.max(qmin - nearestEven(fround(low / scale)), qmin), qmax);
    return { scale, inverse: fround(1 / scale), zeroPoint: qmin < 0 ? 0 : nudged };
  });
  const places = Array.from(x, (value, i) => {
    const { inverse, zeroPoint } = found[Math.floor(i / length)]!;
    return nearestEven(fround(value * inverse)) + zeroPoint;
  });
  const y = places.map((place, i) => {
    const { scale, zeroPoint } = found[Math.floor(i / length)]!;
    return fround((Math.min(Math.max(place, qmin), qmax) - zeroPoint) * scale) + 0;
  });
  const params = [
    ...found.map(({ scale }) => scale),
    ...found.map(({ inverse }) => inverse),
    ...found.map(({ zeroPoint }) => zeroPoint),
    ...found.map(() => 1),
  ];
  return { params, y, passes: places.map((place) => place >= qmin && place <= qmax) };
}

const rounded = (x: tf.Tensor, s: tf.Tensor1D) => quantizeRows(x, rowParams(x, s), s);

const shapes = [
  [1, 1],
  [3, 1],
  [1, 7],
  [5, 8],
  [4, 33],
  [2, 5, 3, 3],
  [3, 4, 6],
  [1, 1, 1],
  [70, 300],
];
const grids = [
  [0, 255],
  [0, 15],
  [0, 1],
  [-127, 127],
  [-1, 1],
] as const;

describe.each(backends)('quantizeRows on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(shapes.map((shape) => [shape]))('random values of shape %j', async (shape) => {
    for (const [qmin, qmax] of grids) {
      const values = randomFloats(tf.util.sizeFromShape(shape), 8, -0.7, 1.3);
      const { length } = layout(shape);
      const x = values.map((value, i) => value * 2 ** (Math.floor(i / length) % 9));
      const s = settings(qmin, qmax);
      const expected = reference(x, shape, qmin, qmax);
      const tensor = tf.tensor(x, shape);
      expect(await read(rowParams(tensor, s))).toEqual(expected.params.map((value) => value + 0));
      expect(await read(rounded(tensor, s))).toEqual(expected.y);
      const dy = randomFloats(x.length, 9);
      const dx = await read(tf.grad((v: tf.Tensor) => rounded(v, s))(tensor, tf.tensor(dy, shape)));
      expect(dx).toEqual(Array.from(dy, (value, i) => (expected.passes[i] ? value : 0)));
    }
  });

  test.each(fixtures.cases.map((example) => [example.name, example] as const))(
    'PyTorch: %s',
    async (_, { shape, qmin, qmax, x, scales, zeroPoints, y, dy, dx }) => {
      const s = settings(qmin, qmax);
      const tensor = tf.tensor(x, shape);
      const params = await read(rowParams(tensor, s));
      const { rows } = layout(shape);
      expect(params.slice(0, rows)).toEqual(scales.map(fround));
      expect(params.slice(2 * rows, 3 * rows)).toEqual(zeroPoints);
      const float32 = (values: readonly number[]) => values.map((value) => fround(value) + 0);
      expect(await read(rounded(tensor, s))).toEqual(float32(y));
      const gradient = tf.grad((v: tf.Tensor) => rounded(v, s))(tensor, tf.tensor(dy, shape));
      expect(await read(gradient)).toEqual(float32(dx));
    },
  );

  test('an example is rounded by its own values, whatever is beside it', async () => {
    const s = settings(0, 15);
    const x = randomFloats(40, 3);
    const alone = await read(rounded(tf.tensor2d(x.subarray(0, 10), [1, 10]), s));
    const other = x.map((value, i) => (i < 10 ? value : 1000 * value));
    expect((await read(rounded(tf.tensor2d(other, [4, 10]), s))).slice(0, 10)).toEqual(alone);
  });

  test('0 stays 0 on a grid from 0, whatever the zero point', async () => {
    const x = tf.tensor2d([0, -0.7, 0.31, 0, -5, -1], [2, 3]);
    const y = await read(rounded(x, settings(0, 15)));
    expect([y[0], y[3]]).toEqual([0, 0]);
  });

  test('the mask of the gradient is on the rounded, unclamped value', async () => {
    // Parameters of another range: the values lie beyond the grid.
    const params = tf.tensor2d([1, 1, 0, 1], [4, 1]);
    const x = tf.tensor2d([-0.6, -0.5, 0, 15, 15.5, 15.4, 16], [1, 7]);
    const dx = tf.grad((v: tf.Tensor) => quantizeRows(v, params, settings(0, 15)))(x);
    expect(await read(dx)).toEqual([0, 1, 1, 1, 0, 1, 0]);
  });

  test('NaN or an infinity makes its row NaN and no other, without a gradient', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (const [qmin, qmax] of grids) {
        const x = tf.tensor2d([1, 2, 3, 1, bad, 2], [2, 3]);
        const s = settings(qmin, qmax);
        const y = await rounded(x, s).data();
        expect(Array.from(y, Number.isNaN)).toEqual([false, false, false, true, true, true]);
        const dx = await read(tf.grad((v: tf.Tensor) => rounded(v, s))(x));
        expect(dx.slice(3)).toEqual([0, 0, 0]);
      }
  });

  test('mode 0 passes x and its gradient through', async () => {
    const x = tf.tensor2d([-1e30, -0.3, 0, 0.25, 1e-20, 5e8], [3, 2]);
    const dq = tf.tensor2d([1, -2, 3, 4, 5, 6], [3, 2]);
    const off = settings(0, 15, 0);
    expect(await read(rowParams(x, off))).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(await read(rounded(x, off))).toEqual(await read(x));
    expect(await read(tf.grad((v: tf.Tensor) => rounded(v, off))(x, dq))).toEqual([1, -2, 3, 4, 5, 6]);
  });

  test('nothing is left behind', () => {
    const x = tf.tensor2d(randomFloats(35, 1), [5, 7]);
    expectNoLeak(() => tf.grad((v: tf.Tensor) => rounded(v, settings(0, 15)))(x));
  });

  test('shapes that do not fit are refused in a sentence', () => {
    expect(() => rowParams(tf.zeros([3]), settings(0, 15))).toThrow(
      'Rows need a batch of them, but the tensor has the shape [3].',
    );
    expect(() => quantizeRows(tf.zeros([2, 3]), tf.zeros([4, 1]), settings(0, 15))).toThrow(
      'The quantization parameters must have the shape [4, 2], but has [4, 1].',
    );
  });
});

test('all backends give the same bits', async () => {
  const x = randomFloats(200 * 77, 31, -1, 2);
  const compute = async () => {
    const tensor = tf.tensor2d(x, [200, 77]);
    return [await read(rounded(tensor, settings(0, 255))), await read(rounded(tensor, settings(-7, 7)))];
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
