import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, randomIntegers, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, params, read } from '../testing/tensors';
import gelu from './fixtures/gelu.json';
import { type ActivationName, epilogue } from './index';

const fround = Math.fround;
/** Relative, as ./tanh.ts states it, with a tenth to spare. */
const tanhError = 4.5e-7;
const names: readonly ActivationName[] = ['linear', 'relu', 'tanh', 'sigmoid', 'gelu'];

const exactly: Record<ActivationName, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + Math.tanh(geluArgument(x))),
};

function geluArgument(x: number): number {
  return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
}

const slopes: Record<ActivationName, (x: number) => number> = {
  linear: () => 1,
  relu: (x) => (x > 0 ? 1 : 0),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
  sigmoid: (x) => exactly.sigmoid(x) * (1 - exactly.sigmoid(x)),
  gelu: (x) => {
    const t = Math.tanh(geluArgument(x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  },
};

/** Before the activation, rounded to float32 as documented. */
function preactivations(
  acc: Float32Array,
  inputScale: number,
  scales: readonly number[],
  bias: Float32Array,
  quantized: boolean,
): number[] {
  const channels = scales.length;
  return Array.from(acc, (sum, i) => {
    const c = i % channels;
    const scale = fround(fround(inputScale) * fround(scales[c]!));
    const b = quantized ? fround(nearestEven(fround(bias[c]! / scale)) * scale) : bias[c]!;
    return fround(fround(sum * scale) + b);
  });
}

const shapes = [
  [1, 1],
  [3, 1],
  [1, 6],
  [5, 4],
  [64, 10],
  [65, 10],
  [2, 5, 5, 3],
  [4, 13, 13, 8],
  [700, 5],
];

function problem(shape: readonly number[], seed: number) {
  const channels = shape.at(-1)!;
  return {
    acc: randomIntegers(tf.util.sizeFromShape([...shape]), seed, -3000, 3000),
    scales: Array.from(randomFloats(channels, seed + 1, 0.001, 0.05)),
    bias: randomFloats(channels, seed + 2),
    inputScale: 0.0417,
  };
}

describe.each(backends)('the epilogue on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe.each(names)('with %s', (activation) => {
    test.each(shapes.map((shape) => [shape]))('values of shape %j', async (shape) => {
      const { acc, scales, bias, inputScale } = problem(shape, 40);
      const y = epilogue(
        tf.tensor(acc, shape),
        params([inputScale], [12]),
        params(scales),
        tf.tensor1d(bias),
        activation,
      );
      expect(y.shape).toEqual(shape);
      const before = preactivations(acc, inputScale, scales, bias, true);
      const expected = before.map((x) => fround(exactly[activation](x)) + 0);
      if (activation === 'linear' || activation === 'relu') expect(await read(y)).toEqual(expected);
      else expectCloseArrays(await y.data(), expected, tanhError);
    });

    test.each(shapes.map((shape) => [shape]))('gradients of shape %j', async (shape) => {
      const { acc, scales, bias, inputScale } = problem(shape, 50);
      const dy = randomFloats(acc.length, 53);
      const channels = scales.length;
      const f = (a: tf.Tensor, b: tf.Tensor) =>
        epilogue(a, params([inputScale]), params(scales), b as tf.Tensor1D, activation);
      const [dacc, dbias] = tf.grads(f)([tf.tensor(acc, shape), tf.tensor1d(bias)], tf.tensor(dy, shape));
      const upstream = preactivations(acc, inputScale, scales, bias, true).map(
        (x, i) => dy[i]! * slopes[activation](x),
      );
      expect([dacc!.shape, dbias!.shape]).toEqual([shape, [channels]]);
      const expectedDacc = upstream.map((g, i) => g * inputScale * scales[i % channels]!);
      expectCloseArrays(await dacc!.data(), expectedDacc, 1e-6);
      const sums = scales.map((_, c) => upstream.reduce((s, g, i) => (i % channels === c ? s + g : s), 0));
      expectCloseArrays(await dbias!.data(), sums, 1e-5);
    });

    test('NaN propagates', async () => {
      const y = epilogue(
        tf.tensor2d([1, Number.NaN, 3, 4, 5], [1, 5]),
        params([1]),
        params([1, 1, 1, Number.NaN, 1]),
        tf.zeros([5]) as tf.Tensor1D,
        activation,
      );
      expect(Array.from(await y.data(), Number.isNaN)).toEqual([false, true, false, true, false]);
    });

    test('nothing is left behind', () => {
      for (const rows of [3, 500]) {
        const acc = tf.tensor2d(randomFloats(rows * 5, 1), [rows, 5]);
        const b = tf.tensor1d(randomFloats(5, 2));
        const [s, w] = [params([1]), params([1, 2, 3, 4, 5])];
        const f = (a: tf.Tensor, c: tf.Tensor) => epilogue(a, s, w, c as tf.Tensor1D, activation);
        expectNoLeak(() => f(acc, b));
        expectNoLeak(() => tf.grads(f)([acc, b]));
      }
    });
  });

  test('the bias is rounded to the grid of the accumulator only where input and weights are quantized', async () => {
    const run = (input: number, weights: number) =>
      read(
        epilogue(
          tf.tensor2d([0, 0, 0], [1, 3]),
          params([0.5], [0], input),
          params([0.5, 0.5, 0.5], [0, 0, 0], weights),
          tf.tensor1d([0.1, 0.13, -0.375]),
          'linear',
        ),
      );
    // The grid is .25; -.375 is a tie, which goes to the even multiple.
    expect(await run(1, 1)).toEqual([0, 0.25, -0.5]);
    for (const [input, weights] of [
      [0, 1],
      [1, 0],
      [0, 0],
    ] as const) {
      expect(await run(input, weights)).toEqual([fround(0.1), fround(0.13), -0.375]);
    }
  });

  test('with parameters that pass through it is acc + bias', async () => {
    const off = tf.tensor2d([1, 1, 0, 0], [4, 1]);
    const offs = tf.tensor2d([1, 1, 1, 1, 0, 0, 0, 0], [4, 2]);
    const y = epilogue(tf.tensor2d([0.3, -0.7], [1, 2]), off, offs, tf.tensor1d([0.1, 0.2]), 'linear');
    expect(await read(y)).toEqual([fround(fround(0.3) + fround(0.1)), fround(fround(-0.7) + fround(0.2))]);
  });

  test('tanh keeps its documented error everywhere, and never goes beyond 1', async () => {
    const sweep = Array.from({ length: 20_001 }, (_, i) => fround((i - 10_000) / 1000));
    const tiny = Array.from({ length: 60 }, (_, i) => fround(2 ** -i));
    const x = [...sweep, ...tiny, 20, -20, 1e30, -1e30, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const y = await epilogue(
      tf.tensor2d(x, [x.length, 1]),
      params([1], [0], 0),
      params([1], [0], 0),
      tf.tensor1d([0]),
      'tanh',
    ).data();
    const worst = x.reduce((error, value, i) => {
      const truth = Math.tanh(value);
      return truth === 0 ? error : Math.max(error, Math.abs(y[i]! / truth - 1));
    }, 0);
    expect(worst).toBeLessThan(tanhError);
    expect(y.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(y[10_000]! + 0).toBe(0);
  });

  test.each(gelu.cases.map((example) => [example.name, example] as const))(
    'GELU and its gradient are those of PyTorch: %s',
    async (_, { x, dy, y, dx }) => {
      const off = params([1], [0], 0);
      const f = (acc: tf.Tensor) => epilogue(acc, off, off, tf.tensor1d([0]), 'gelu');
      const { value, grad } = tf.valueAndGrad(f)(
        tf.tensor2d(x, [x.length, 1]),
        tf.tensor2d(dy, [x.length, 1]),
      );
      expectCloseArrays(await value.data(), y, 5e-7);
      // Where tanh is near -1 the slope is the small difference of numbers near 1.
      expectCloseArrays(await grad.data(), dx, 5e-6);
    },
  );

  test('GELU and its slope are x and 1, or 0 and 0, far from the origin', async () => {
    const off = params([1], [0], 0);
    const x = [12, 1e30, 3e38, -12, -1e30, -3e38];
    const f = (acc: tf.Tensor) => epilogue(acc, off, off, tf.tensor1d([0]), 'gelu');
    const { value, grad } = tf.valueAndGrad(f)(tf.tensor2d(x, [6, 1]), tf.ones([6, 1]));
    expect(await read(value)).toEqual([12, fround(1e30), fround(3e38), 0, 0, 0]);
    expect(await read(grad)).toEqual([1, 1, 1, 0, 0, 0]);
  });

  test('parameters and bias of the wrong length are refused in a sentence', () => {
    const acc = tf.zeros([2, 3]);
    const bias = tf.zeros([3]) as tf.Tensor1D;
    expect(() => epilogue(acc, params([1]), params([1, 1]), bias, 'relu')).toThrow(
      "The weights' quantization",
    );
    expect(() => epilogue(acc, params([1]), params([1, 1, 1]), tf.tensor1d([1]), 'relu')).toThrow('The bias');
  });
});

test('all backends give the same bits for every activation function', async () => {
  const { acc, scales, bias, inputScale } = problem([3000, 7], 60);
  const compute = async () => {
    const results: number[][] = [];
    for (const activation of names) {
      for (const inputQuantized of [0, 1]) {
        const y = epilogue(
          tf.tensor(acc, [3000, 7]),
          params([inputScale], [0], inputQuantized),
          params(scales),
          tf.tensor1d(bias),
          activation,
        );
        results.push(await read(y));
      }
    }
    return results;
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
