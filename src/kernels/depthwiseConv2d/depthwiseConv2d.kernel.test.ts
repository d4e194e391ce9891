import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, read } from '../testing/tensors';
import { count, visitWindows, type WindowCase, windowCase } from '../testing/windows';

const cases: WindowCase[] = [
  windowCase([1, 1, 1, 1], [1, 1], [1, 1], 'valid'),
  windowCase([1, 1, 1, 3], [3, 3], [1, 1], 'same'),
  windowCase([2, 7, 5, 1], [3, 3], [1, 1], 'same'),
  windowCase([2, 7, 5, 4], [3, 3], [1, 1], 'same'),
  windowCase([2, 8, 6, 8], [3, 3], [2, 2], 'same'),
  windowCase([2, 9, 7, 5], [3, 3], [2, 2], 'same'),
  windowCase([1, 9, 8, 7], [3, 3], [2, 2], 'valid'),
  windowCase([2, 6, 7, 13], [2, 2], [1, 1], 'same'),
  windowCase([1, 10, 9, 6], [4, 2], [3, 1], 'valid'),
  windowCase([1, 12, 11, 16], [5, 5], [3, 3], 'same'),
  windowCase([1, 13, 14, 3], [5, 4], [4, 4], 'valid'),
  windowCase([2, 11, 12, 4], [3, 3], [4, 4], 'same'),
  windowCase([1, 7, 7, 9], [7, 7], [1, 1], 'same'),
  windowCase([1, 12, 10, 4], [9, 9], [2, 2], 'same'),
  windowCase([1, 10, 9, 3], [8, 6], [1, 2], 'valid'),
  windowCase([1, 6, 6, 5], [1, 1], [3, 3], 'same'),
  windowCase([1, 5, 6, 6], [3, 3], [2, 2], 2),
  windowCase([16, 14, 14, 12], [3, 3], [1, 1], 'same'),
];

function run(shape: WindowCase, x: Float32Array, w: Float32Array, dy: Float32Array) {
  const convolve = (image: tf.Tensor, filter: tf.Tensor) =>
    tf.depthwiseConv2d(image as tf.Tensor4D, filter as tf.Tensor4D, [...shape.strides], shape.pad);
  const image = tf.tensor4d(x, [...shape.x]);
  const filter = tf.tensor4d(w, [...shape.window, shape.x[3], 1]);
  const y = convolve(image, filter);
  const cotangent = tf.tensor4d(dy, y.shape);
  const [dx, dw] = tf.grads((i, f) => tf.sum(tf.mul(cotangent, convolve(i!, f!))))([image, filter]);
  return { y, dx: dx!, dw: dw! };
}

/** Output and gradients of sum(dy * y) from the definition, in float64. */
function reference(shape: WindowCase, x: Float32Array, w: Float32Array, dy: Float32Array) {
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dw = new Float64Array(w.length);
  visitWindows(shape, (xAt, yAt, tap) => {
    y[yAt]! += x[xAt]! * w[tap]!;
    dx[xAt]! += dy[yAt]! * w[tap]!;
    dw[tap]! += dy[yAt]! * x[xAt]!;
  });
  return { y, dx, dw };
}

const sizesOf = (shape: WindowCase) => [
  count(shape.x),
  count(shape.window) * shape.x[3],
  shape.x[0] * count(shape.out) * shape.x[3],
];

describe.each(backends)('depthwise convolution on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(cases)('$name: output and both gradients follow from the definition', async (shape) => {
    const [x, w, dy] = sizesOf(shape).map((size, seed) => randomFloats(size, seed)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const { y, dx, dw } = run(shape, x, w, dy);
    const expected = reference(shape, x, w, dy);
    expect(y.shape).toEqual([shape.x[0], ...shape.out, shape.x[3]]);
    expectCloseArrays(await y.data(), expected.y, 1e-6);
    expectCloseArrays(await dx.data(), expected.dx, 1e-6);
    expectCloseArrays(await dw.data(), expected.dw, 2e-6);
  });

  test.each(cases)('$name: integers give exact integers, forwards and backwards', async (shape) => {
    const [xs, ws, dys] = sizesOf(shape) as [number, number, number];
    const x = randomIntegers(xs, 4, -255, 255);
    const w = randomIntegers(ws, 5, -127, 127);
    const dy = randomIntegers(dys, 6, -20, 20);
    const { y, dx, dw } = run(shape, x, w, dy);
    const expected = reference(shape, x, w, dy);
    expect(await read(y)).toEqual([...expected.y]);
    expect(await read(dx)).toEqual([...expected.dx]);
    expect(await read(dw)).toEqual([...expected.dw]);
  });

  test('NaN reaches the outputs whose window it lies in, and no others', async () => {
    const shape = windowCase([1, 5, 5, 5], [3, 3], [1, 1], 'same');
    const [xs, ws, dys] = sizesOf(shape) as [number, number, number];
    const x = randomFloats(xs, 7);
    // Row 1, column 1, channel 2.
    const at = (1 * 5 + 1) * 5 + 2;
    x[at] = Number.NaN;
    const { y, dw } = run(shape, x, randomFloats(ws, 8), randomFloats(dys, 9));
    const expected = new Set<number>();
    visitWindows(shape, (xAt, yAt) => xAt === at && expected.add(yAt));
    expect((await read(y)).flatMap((v, i) => (Number.isNaN(v) ? [i] : []))).toEqual(
      [...expected].sort((a, b) => a - b),
    );
    expect((await read(dw)).map(Number.isNaN)).toEqual(Array.from({ length: ws }, (_, i) => i % 5 === 2));
  });

  test('the gradients of a large batch come out the same twice, to the bit', async () => {
    const shape = cases.at(-1)!;
    const [x, w, dy] = sizesOf(shape).map((size, seed) => randomFloats(size, seed)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const [first, second] = [run(shape, x, w, dy), run(shape, x, w, dy)];
    expect(await first.dx.data()).toEqual(await second.dx.data());
    expect(await first.dw.data()).toEqual(await second.dw.data());
  });

  test('several outputs per channel still work, on the stock kernel', async () => {
    const y = tf.depthwiseConv2d(
      tf.tensor4d([1, 2], [1, 1, 1, 2]),
      tf.tensor4d([3, 4, 5, 6], [1, 1, 2, 2]),
      1,
      'valid',
    );
    expect(await read(y)).toEqual([3, 4, 10, 12]);
  });

  test('nothing is left behind', () => {
    const x = tf.ones([2, 8, 8, 3]) as tf.Tensor4D;
    const w = tf.ones([3, 3, 3, 1]) as tf.Tensor4D;
    const f = (i: tf.Tensor, k: tf.Tensor) =>
      tf.sum(tf.depthwiseConv2d(i as tf.Tensor4D, k as tf.Tensor4D, 1, 'same'));
    expectNoLeak(() => tf.grads(f)([x, w]));
  });
});
