import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { differences } from '../testing/differences';
import { expectNoLeak, onEach, read } from '../testing/tensors';
import fixtures from './fixtures/lstmCell.json';
import { lstmGates, lstmHidden, lstmState } from './index';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

type Values = readonly number[];

const gatesReference = (hidden: number) => (x: Values, h: Values) =>
  x.map((value, i) => (Math.floor(i / hidden) % 4 === 2 ? Math.tanh : sigmoid)(value + h[i]!));

/** `unit` receives i, f, g, o and the cell. */
const unitReference =
  (unit: (i: number, f: number, g: number, o: number, cell: number) => number) =>
  (hidden: number) =>
  (gates: Values, cell: Values) =>
    cell.map((value, at) => {
      const first = Math.floor(at / hidden) * 4 * hidden + (at % hidden);
      const gate = (part: number) => gates[first + part * hidden]!;
      return unit(gate(0), gate(1), gate(2), gate(3), value);
    });

const kernels = {
  gates: { run: lstmGates, reference: gatesReference, widths: [4, 4], result: 4 },
  state: {
    run: lstmState,
    reference: unitReference((i, f, g, _, cell) => f * cell + i * g),
    widths: [4, 1],
    result: 1,
  },
  hidden: {
    run: lstmHidden,
    reference: unitReference((_i, _f, _g, o, cell) => o * Math.tanh(cell)),
    widths: [4, 1],
    result: 1,
  },
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

describe.each(backends)('an LSTM on %s', (backend) => {
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

    test('NaN in the second input takes its unit only', async () => {
      const second = Array.from({ length: widths[1]! * 2 }, (_, i) => (i % 2 === 1 ? Number.NaN : 0));
      const y = f(tf.ones([1, 8]), tf.tensor2d(second, [1, second.length]));
      expect(Array.from(await y.data(), Number.isNaN)).toEqual(second.map(Number.isNaN));
    });

    test('nothing is left behind', () => {
      const inputs = widths.map((width, i) => tf.tensor2d(randomFloats(width * 10, i), [2, width * 5]));
      expectNoLeak(() => f(inputs[0]!, inputs[1]!));
      expectNoLeak(() => tf.grads(f)(inputs));
    });
  });

  test('one tensor as both parts gets both gradients', async () => {
    const x = tf.tensor2d(randomFloats(8, 1), [1, 8]);
    const both = await tf
      .grad((v) => lstmGates(v as tf.Tensor2D, v as tf.Tensor2D))(x)
      .data();
    const other = tf.clone(x);
    const one = await tf
      .grad((v) => lstmGates(v as tf.Tensor2D, other))(x)
      .data();
    expectCloseArrays(
      both,
      one.map((value) => 2 * value),
      1e-7,
    );
  });

  test.each(fixtures.cases.map((example) => [example.hidden, example] as const))(
    'two steps with %i hidden units, and all gradients, are those of PyTorch',
    async (hidden, example) => {
      const { batch, inputs } = example;
      const parts = [
        tf.tensor2d(example.x0, [batch, inputs]),
        tf.tensor2d(example.x1, [batch, inputs]),
        tf.tensor2d(example.weight_ih, [4 * hidden, inputs]),
        tf.tensor2d(example.weight_hh, [4 * hidden, hidden]),
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
        let cell = h;
        for (const x of [x0, x1]) {
          const gates = lstmGates(part(x, wi, bi), part(h, wh, bh));
          cell = lstmState(gates, cell);
          h = lstmHidden(gates, cell);
        }
        return tf.stack([h, cell]);
      };
      const f = unroll as unknown as (...values: tf.Tensor[]) => tf.Tensor;
      const dy = tf.tensor3d([...example.dh, ...example.dc], [2, batch, hidden]);
      const { value, grads } = tf.valueAndGrads(f)(parts, dy);
      expectCloseArrays(await value.data(), [...example.h, ...example.c], 1e-6);
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
    expect(() => lstmGates(tf.zeros([2, 6]), tf.zeros([2, 6]))).toThrow('must have the shape [B, 4H]');
    expect(() => lstmGates(tf.zeros([2, 8]), tf.zeros([2, 4]))).toThrow("The LSTM's state part");
    expect(() => lstmState(tf.zeros([2, 8]), tf.zeros([2, 3]))).toThrow("The LSTM's cell");
    expect(() => lstmHidden(tf.zeros([2, 8]), tf.zeros([1, 2]))).toThrow("The LSTM's cell");
  });
});

test('all backends give the same bits, also in the gradients', async () => {
  const compute = async () => {
    const [rows, hidden] = [64, 65];
    const x = tf.tensor2d(randomFloats(rows * 4 * hidden, 1, -5, 5), [rows, 4 * hidden]);
    const g = tf.tensor2d(randomFloats(rows * 4 * hidden, 2, -5, 5), [rows, 4 * hidden]);
    const c = tf.tensor2d(randomFloats(rows * hidden, 3, -2, 2), [rows, hidden]);
    const f = (a: tf.Tensor, b: tf.Tensor, cell: tf.Tensor) => {
      const gates = lstmGates(a as tf.Tensor2D, b as tf.Tensor2D);
      return lstmHidden(gates, lstmState(gates, cell as tf.Tensor2D));
    };
    const dy = tf.tensor2d(randomFloats(rows * hidden, 4), [rows, hidden]);
    const { value, grads } = tf.valueAndGrads(f)([x, g, c], dy);
    return Promise.all([value, ...grads].map(read));
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
