import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { type ConvolutionCase, conv2dGradientReference, conv2dReference } from '../testing/reference';

type Padding = 'same' | 'valid' | number | [[0, 0], [number, number], [number, number], [0, 0]];

interface Case extends ConvolutionCase {
  readonly name: string;
  readonly pad: Padding;
}

/** Works out rows, columns and padding from the definitions of TensorFlow's 'same' and 'valid'. */
function convolution(
  x: ConvolutionCase['x'],
  [kernelHeight, kernelWidth, outChannels]: [number, number, number],
  pad: Padding,
  strides: [number, number] = [1, 1],
): Case {
  const kernel = [kernelHeight, kernelWidth] as const;
  const axes = ([0, 1] as const).map((axis) => {
    const length = x[axis + 1]!;
    if (pad === 'same') {
      const out = Math.ceil(length / strides[axis]);
      const padding = Math.max((out - 1) * strides[axis] + kernel[axis] - length, 0);
      return { out, before: Math.floor(padding / 2) };
    }
    const [before, after] =
      pad === 'valid' ? [0, 0] : typeof pad === 'number' ? [pad, pad] : pad[(axis + 1) as 1 | 2];
    return { out: Math.floor((length + before + after - kernel[axis]) / strides[axis]) + 1, before };
  });
  return {
    name: `[${x}] with ${kernel.join('x')}x${outChannels}, ${JSON.stringify(pad)}, stride ${strides}`,
    x,
    filter: [kernelHeight, kernelWidth, x[3], outChannels],
    pad,
    strides,
    out: [axes[0]!.out, axes[1]!.out],
    before: [axes[0]!.before, axes[1]!.before],
  };
}

const cases: Case[] = [
  convolution([1, 1, 1, 1], [1, 1, 1], 'valid'),
  convolution([2, 5, 4, 1], [3, 3, 8], 'valid'),
  convolution([2, 5, 4, 1], [3, 3, 8], 'same'),
  convolution([3, 7, 9, 3], [3, 3, 5], 'same'),
  convolution([1, 7, 9, 5], [2, 3, 7], 'valid'),
  convolution([2, 8, 7, 4], [3, 2, 12], 'same', [2, 2]),
  convolution([2, 9, 8, 3], [3, 3, 4], 'valid', [2, 3]),
  convolution([1, 10, 6, 2], [5, 1, 3], 'valid', [3, 1]),
  convolution([2, 6, 6, 3], [1, 1, 6], 'valid'),
  convolution([2, 7, 6, 3], [1, 1, 6], 'same', [2, 2]),
  convolution([2, 4, 5, 6], [4, 5, 3], 'valid'),
  convolution([1, 6, 5, 2], [3, 3, 9], 2),
  convolution(
    [1, 6, 5, 2],
    [3, 3, 4],
    [
      [0, 0],
      [1, 0],
      [0, 2],
      [0, 0],
    ],
  ),
  convolution([1, 11, 300, 2], [2, 3, 8], 'valid'),
  convolution([2, 13, 13, 8], [3, 3, 16], 'valid'),
  convolution([1, 6, 7, 20], [3, 3, 24], 'same'),
  convolution([3, 28, 28, 1], [3, 3, 8], 'valid'),
  // Pixels 32 and 64 bytes apart, in rows of whole tiles and of others.
  convolution([2, 5, 8, 8], [3, 3, 8], 'same'),
  convolution([1, 4, 9, 16], [3, 2, 5], 'same'),
  convolution([2, 7, 17, 4], [2, 3, 16], 'valid', [1, 2]),
  // Strides as in residual networks and their projection shortcuts, from 1 to 64 channels.
  convolution([2, 8, 8, 1], [1, 1, 16], 'same', [2, 2]),
  convolution([2, 7, 9, 7], [1, 1, 5], 'valid', [2, 2]),
  convolution([1, 8, 7, 16], [1, 1, 32], 'same', [2, 2]),
  convolution([1, 6, 6, 33], [1, 1, 9], 'valid', [1, 1]),
  convolution([1, 5, 6, 64], [1, 1, 64], 'same', [2, 2]),
  convolution([2, 8, 8, 16], [3, 3, 32], 'same', [2, 2]),
  convolution([2, 9, 7, 5], [3, 3, 6], 'same', [2, 2]),
  convolution([1, 11, 12, 3], [7, 7, 8], 'same', [2, 2]),
  convolution([1, 10, 11, 17], [3, 3, 4], 1, [2, 2]),
  convolution([1, 13, 11, 3], [5, 4, 2], 'same', [4, 3]),
  convolution([2, 9, 10, 2], [2, 2, 3], 'valid', [3, 3]),
  convolution([1, 8, 9, 4], [2, 1, 3], 'same', [3, 1]),
  convolution([1, 2, 2, 64], [3, 3, 8], 'same', [2, 2]),
  convolution([1, 1, 1, 3], [3, 3, 2], 'same', [2, 2]),
];

const count = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

function run(shape: Case, x: Float32Array, w: Float32Array, dy: Float32Array) {
  const convolve = (image: tf.Tensor, filter: tf.Tensor) =>
    tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, shape.strides as [number, number], shape.pad);
  const image = tf.tensor4d(x, [...shape.x]);
  const filter = tf.tensor4d(w, [...shape.filter]);
  const y = convolve(image, filter);
  const cotangent = tf.tensor4d(dy, y.shape);
  const [dx, dw] = tf.grads((i, f) => tf.sum(tf.mul(cotangent, convolve(i!, f!))))([image, filter]);
  return { y, dx: dx!, dw: dw! };
}

describe.each(backends)('convolution on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(cases)('$name: output and both gradients follow from the definition', async (shape) => {
    const x = randomFloats(count(shape.x), 1);
    const w = randomFloats(count(shape.filter), 2);
    const dy = randomFloats(shape.x[0] * count(shape.out) * shape.filter[3], 3);
    const { y, dx, dw } = run(shape, x, w, dy);
    expect(y.shape).toEqual([shape.x[0], ...shape.out, shape.filter[3]]);
    expectCloseArrays(await y.data(), conv2dReference(shape, x, w));
    const expected = conv2dGradientReference(shape, x, w, dy);
    expectCloseArrays(await dx.data(), expected.dx);
    expectCloseArrays(await dw.data(), expected.dw);
  });

  test('integers give exact integers, forwards and backwards', async () => {
    for (const shape of [cases[3]!, cases[5]!, cases[14]!, cases[23]!, cases[26]!]) {
      const x = randomIntegers(count(shape.x), 4, -255, 255);
      const w = randomIntegers(count(shape.filter), 5, -127, 127);
      const dy = randomIntegers(shape.x[0] * count(shape.out) * shape.filter[3], 6, -99, 99);
      const { y, dx, dw } = run(shape, x, w, dy);
      const expected = conv2dGradientReference(shape, x, w, dy);
      expect([...(await y.data())]).toEqual([...conv2dReference(shape, x, w)]);
      // Adding 0 makes a negative zero, which is as exact, the positive one.
      expect([...(await dx.data())].map((v) => v + 0)).toEqual([...expected.dx]);
      expect([...(await dw.data())].map((v) => v + 0)).toEqual([...expected.dw]);
    }
  });

  test('the gradients of a large batch come out the same twice, to the bit', async () => {
    const shape = convolution([32, 13, 13, 4], [3, 3, 8], 'valid');
    const x = randomFloats(count(shape.x), 7);
    const w = randomFloats(count(shape.filter), 8);
    const dy = randomFloats(32 * count(shape.out) * 8, 9);
    const first = run(shape, x, w, dy);
    const second = run(shape, x, w, dy);
    expect(await first.dx.data()).toEqual(await second.dx.data());
    expect(await first.dw.data()).toEqual(await second.dw.data());
  });

  test('a dilated convolution still works, on the stock kernel', async () => {
    const x = randomFloats(36, 10);
    const w = randomFloats(4, 11);
    const y = tf.conv2d(tf.tensor4d(x, [1, 6, 6, 1]), tf.tensor4d(w, [2, 2, 1, 1]), 1, 'valid', 'NHWC', 2);
    const expected = Array.from({ length: 16 }, (_, i) => {
      const at = Math.floor(i / 4) * 6 + (i % 4);
      return x[at]! * w[0]! + x[at + 2]! * w[1]! + x[at + 12]! * w[2]! + x[at + 14]! * w[3]!;
    });
    expectCloseArrays(await y.data(), expected);
  });

  test('nothing but the result stays in memory', () => {
    const x = tf.ones([2, 8, 8, 3]) as tf.Tensor4D;
    const w = tf.ones([3, 3, 3, 4]) as tf.Tensor4D;
    const before = tf.memory().numTensors;
    const gradients = tf.grads((i, f) => tf.sum(tf.conv2d(i as tf.Tensor4D, f as tf.Tensor4D, 1, 'same')));
    tf.dispose(gradients([x, w]));
    expect(tf.memory().numTensors).toBe(before);
  });
});
