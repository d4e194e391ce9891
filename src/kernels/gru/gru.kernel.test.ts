import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { differences } from '../testing/differences';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import fixtures from './fixtures/gruCell.json';
import { gruGates, gruState } from './index';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

type Values = readonly number[];

function gatesReference(hidden: number) {
  return (x: Values, h: Values): number[] => {
    const y = x.map((_, i) => sigmoid(x[i]! + h[i]!));
    return y.map((gate, i) =>
      i % (3 * hidden) < 2 * hidden ? gate : Math.tanh(x[i]! + y[i - 2 * hidden]! * h[i]!),
    );
  };
}

function stateReference(hidden: number) {
  return (gates: Values, h: Values): number[] =>
    h.map((state, i) => {
      const row = Math.floor(i / hidden) * 3 * hidden + (i % hidden);
      const [z, n] = [gates[row + hidden]!, gates[row + 2 * hidden]!];
      return (1 - z) * n + z * state;
    });
}

const kernels = {
  gates: { run: gruGates, reference: gatesReference, widths: [3, 3], result: 3 },
  state: { run: gruState, reference: stateReference, widths: [3, 1], result: 1 },
};

/** Rows and hidden units. */
const sizes = [
  [1, 1],
  [3, 1],
  [1, 4],
  [2, 3],
  [5, 7],
  [3, 8],
] as const;

describe.each(backends)('a GRU on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe.each(Object.entries(kernels))('%s', (_, { run, reference, widths, result }) => {
    const f = (a: tf.Tensor, b: tf.Tensor) => run(a as tf.Tensor2D, b as tf.Tensor2D);

    test.each(sizes)('values and gradients of [%i, %i]', async (rows, hidden) => {
      const inputs = widths.map((width, i) => randomFloats(rows * width * hidden, i, -3, 3));
      const dy = randomFloats(rows * result * hidden, 9);
      const tensors = inputs.map((values, i) => tf.tensor2d(values, [rows, widths[i]! * hidden]));
      const { value, grads } = tf.valueAndGrads(f)(tensors, tf.tensor2d(dy, [rows, result * hidden]));
      expect(value.shape).toEqual([rows, result * hidden]);
      const exact = reference(hidden);
      expectCloseArrays(await value.data(), exact([...inputs[0]!], [...inputs[1]!]), 1e-6);
      const expected = differences((a, b) => exact(a!, b!), inputs, dy);
      for (const [i, gradient] of grads.entries()) {
        expect(gradient.shape).toEqual(tensors[i]!.shape);
        expectCloseArrays(await gradient.data(), expected[i]!, 1e-6);
      }
    });

    test('NaN takes its unit only', async () => {
      const x = tf.tensor2d([0, Number.NaN, ...Array(widths[0]! * 2 - 2).fill(0)], [1, widths[0]! * 2]);
      const gates = tf.tensor2d([0, 1, 2, Number.NaN, 4, 5], [1, 6]);
      const y = result === 1 ? f(gates, tf.ones([1, 2])) : f(x, tf.ones([1, 6]));
      const wrong = Array.from(await y.data(), (value, i) => (Number.isNaN(value) ? i % 2 : 0));
      expect(wrong).toEqual(Array.from(wrong, (_, i) => (result === 1 || i !== 3 ? i % 2 : 0)));
    });

    test('nothing is left behind', () => {
      const inputs = widths.map((width, i) => tf.tensor2d(randomFloats(width * 10, i), [2, width * 5]));
      expectNoLeak(() => f(inputs[0]!, inputs[1]!));
      expectNoLeak(() => tf.grads(f)(inputs));
    });
  });

  test.each(fixtures.cases.map((example) => [example.hidden, example] as const))(
    'two steps with %i hidden units, and all gradients, are those of PyTorch',
    async (hidden, example) => {
      const { batch, inputs } = example;
      const parts = [
        tf.tensor2d(example.x0, [batch, inputs]),
        tf.tensor2d(example.x1, [batch, inputs]),
        tf.tensor2d(example.weight_ih, [3 * hidden, inputs]),
        tf.tensor2d(example.weight_hh, [3 * hidden, hidden]),
        tf.tensor1d(example.bias_ih),
        tf.tensor1d(example.bias_hh),
      ];
      const unroll = (
        x0: tf.Tensor,
        x1: tf.Tensor,
        wi: tf.Tensor,
        wh: tf.Tensor,
        bi: tf.Tensor,
        bh: tf.Tensor,
      ) => {
        const part = (v: tf.Tensor, w: tf.Tensor, b: tf.Tensor) =>
          tf.add(tf.matMul(v as tf.Tensor2D, w as tf.Tensor2D, false, true), b) as tf.Tensor2D;
        let h: tf.Tensor2D = tf.zeros([batch, hidden]);
        for (const x of [x0, x1]) h = gruState(gruGates(part(x, wi, bi), part(h, wh, bh)), h);
        return h;
      };
      const f = unroll as unknown as (...values: tf.Tensor[]) => tf.Tensor;
      const { value, grads } = tf.valueAndGrads(f)(parts, tf.tensor2d(example.dh, [batch, hidden]));
      expectCloseArrays(await value.data(), example.h, 1e-6);
      const expected = [
        example.d_x0,
        example.d_x1,
        example.d_weight_ih,
        example.d_weight_hh,
        example.d_bias_ih,
        example.d_bias_hh,
      ];
      for (const [i, gradient] of grads.entries())
        expectCloseArrays(await gradient.data(), expected[i]!, 2e-6);
    },
  );

  test('parts of the wrong shape are refused in a sentence', () => {
    expect(() => gruGates(tf.zeros([2, 4]), tf.zeros([2, 4]))).toThrow('must have the shape [B, 3H]');
    expect(() => gruGates(tf.zeros([2, 6]), tf.zeros([2, 3]))).toThrow("The GRU's state part");
    expect(() => gruState(tf.zeros([2, 6]), tf.zeros([2, 3]))).toThrow("The GRU's state must");
  });
});

test('all backends give the same bits, also in the gradients', async () => {
  const compute = async () => {
    const [rows, hidden] = [64, 65];
    const x = tf.tensor2d(randomFloats(rows * 3 * hidden, 1, -5, 5), [rows, 3 * hidden]);
    const g = tf.tensor2d(randomFloats(rows * 3 * hidden, 2, -5, 5), [rows, 3 * hidden]);
    const h = tf.tensor2d(randomFloats(rows * hidden, 3), [rows, hidden]);
    const f = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) =>
      gruState(gruGates(a as tf.Tensor2D, b as tf.Tensor2D), c as tf.Tensor2D);
    const dy = tf.tensor2d(randomFloats(rows * hidden, 4), [rows, hidden]);
    const { value, grads } = tf.valueAndGrads(f)([x, g, h], dy);
    return Promise.all([value, ...grads].map(read));
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
