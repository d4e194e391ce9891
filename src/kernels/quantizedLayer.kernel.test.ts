/** The kernels of a quantized layer together: product of integers, epilogue, loss, and a step of the optimizer. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { epilogue } from './epilogue';
import { activationParams, initialObserverState, observeMinMax } from './observe';
import { adamStep, adamTick, initialAdamHyper } from './optimizer';
import { quantize } from './quantize';
import { softmaxCrossEntropy } from './softmaxCrossEntropy';
import { backends, expectCloseArrays, randomFloats, startBackend } from './testing/backends';
import { onEach, read, settings } from './testing/tensors';
import { weightParams } from './weightParams';

const [batch, inputs, outputs] = [9, 7, 5];

interface Layer {
  readonly state: tf.Variable;
  readonly activation: tf.Tensor1D;
  readonly weight: tf.Tensor1D;
}

const makeLayer = (activationBits: number, weightBits: number): Layer => ({
  state: tf.variable(tf.tensor1d(initialObserverState()), false),
  activation: settings(0, 2 ** activationBits - 1),
  weight: settings(1 - 2 ** (weightBits - 1), 2 ** (weightBits - 1) - 1, 1, 1),
});

/** Observes and quantizes x and w, multiplies integers, applies the epilogue. */
function dense(layer: Layer, x: tf.Tensor, w: tf.Tensor, b: tf.Tensor1D, activation: 'linear' | 'relu') {
  observeMinMax(x, layer.state);
  const inputParams = activationParams(layer.state, layer.activation);
  const params = weightParams(w, layer.weight, 'absmax');
  const product = tf.matMul(
    quantize(x, inputParams, layer.activation) as tf.Tensor2D,
    quantize(w, params, layer.weight) as tf.Tensor2D,
  );
  return epilogue(product, inputParams, params, b, activation);
}

/** Fake quantization in float64: the value and whether its gradient passes. */
function fakeQuantize(
  values: ArrayLike<number>,
  scaleOf: (i: number) => number,
  qmin: number,
  qmax: number,
  zero = 0,
) {
  return Array.from(values, (x, i) => {
    const rounded = Math.round(x / scaleOf(i)) + zero;
    return {
      value: (Math.min(Math.max(rounded, qmin), qmax) - zero) * scaleOf(i),
      passes: rounded >= qmin && rounded <= qmax,
    };
  });
}

describe.each(backends)('a quantized dense layer on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test('output and gradients are those of fake quantization in float64', async () => {
    const x = randomFloats(batch * inputs, 1, -1, 2);
    const w = randomFloats(inputs * outputs, 2);
    const b = randomFloats(outputs, 3);
    const dy = randomFloats(batch * outputs, 4);
    const layer = makeLayer(4, 3);
    const f = (xs: tf.Tensor, ws: tf.Tensor, bs: tf.Tensor) =>
      dense(layer, xs, ws, bs as tf.Tensor1D, 'linear');
    const { value, grads } = tf.valueAndGrads(f)(
      [tf.tensor(x, [batch, inputs]), tf.tensor(w, [inputs, outputs]), tf.tensor1d(b)],
      tf.tensor(dy, [batch, outputs]),
    );

    const [low, high] = [Math.min(...x, 0), Math.max(...x, 0)];
    const xScale = (high - low) / 15;
    const xs = fakeQuantize(x, () => xScale, 0, 15, -Math.round(low / xScale));
    const wScale = (c: number) =>
      Math.max(
        ...Array.from(w)
          .filter((_, i) => i % outputs === c)
          .map(Math.abs),
      ) / 3;
    const ws = fakeQuantize(w, (i) => wScale(i % outputs), -3, 3);
    const sum = (count: number, term: (k: number) => number) =>
      Array.from({ length: count }, (_, k) => term(k)).reduce((s, v) => s + v, 0);
    const grid = (rows: number, columns: number, at: (row: number, column: number) => number) =>
      Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));

    const y = grid(batch, outputs, (r, c) => {
      const scale = xScale * wScale(c);
      const product = sum(inputs, (k) => xs[r * inputs + k]!.value * ws[k * outputs + c]!.value);
      return product + Math.round(b[c]! / scale) * scale;
    });
    const dx = grid(batch, inputs, (r, k) =>
      xs[r * inputs + k]!.passes ? sum(outputs, (c) => dy[r * outputs + c]! * ws[k * outputs + c]!.value) : 0,
    );
    const dw = grid(inputs, outputs, (k, c) =>
      ws[k * outputs + c]!.passes ? sum(batch, (r) => dy[r * outputs + c]! * xs[r * inputs + k]!.value) : 0,
    );
    const db = grid(1, outputs, (_, c) => sum(batch, (r) => dy[r * outputs + c]!));
    expectCloseArrays(await value.data(), y, 2e-6);
    expectCloseArrays(await grads[0]!.data(), dx, 2e-6);
    expectCloseArrays(await grads[1]!.data(), dw, 2e-6);
    expectCloseArrays(await grads[2]!.data(), db, 2e-6);
  });

  test('a two-layer network at 4 bits learns, and no step leaves a tensor behind', async () => {
    const shapes = [[inputs, 16], [16], [16, 3], [3]];
    const variables = shapes.map((shape, i) =>
      tf.variable(tf.tensor(randomFloats(tf.util.sizeFromShape(shape), 10 + i, -0.5, 0.5), shape)),
    );
    const moments = variables.map((v) => [
      tf.variable(tf.zerosLike(v), false),
      tf.variable(tf.zerosLike(v), false),
    ]);
    const hyper = tf.variable(tf.tensor1d(initialAdamHyper(0.02)), false);
    const layers = [makeLayer(4, 4), makeLayer(4, 4)] as const;
    const x = tf.tensor(randomFloats(60 * inputs, 20), [60, inputs]);
    const labels = tf.argMax(tf.slice(x, [0, 0], [60, 3]), 1) as tf.Tensor1D;
    const step = () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => {
          const [w1, b1, w2, b2] = variables as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
          const hidden = dense(layers[0], x, w1, b1 as unknown as tf.Tensor1D, 'relu');
          const logits = dense(layers[1], hidden, w2, b2 as unknown as tf.Tensor1D, 'linear');
          return softmaxCrossEntropy(logits as tf.Tensor2D, labels);
        }, variables);
        adamTick(hyper);
        variables.forEach((v, i) => {
          adamStep(v, grads[v.name]!, moments[i]![0]!, moments[i]![1]!, hyper);
        });
        return value;
      });
    const losses: number[] = [];
    const read1 = async (loss: tf.Tensor) => {
      losses.push((await read(loss))[0]!);
      loss.dispose();
    };
    await read1(step());
    const before = tf.memory().numTensors;
    for (let i = 0; i < 80; i++) await read1(step());
    expect(tf.memory().numTensors).toBe(before);
    expect(losses[0]).toBeGreaterThan(0.8);
    expect(losses.at(-1)).toBeLessThan(0.35);
  });
});

test('the backends compute the same integers and outputs in a forward pass', async () => {
  const compute = async () => {
    const layer = makeLayer(8, 8);
    const x = tf.tensor(randomFloats(batch * inputs, 1, -1, 2), [batch, inputs]);
    const w = tf.tensor(randomFloats(inputs * outputs, 2), [inputs, outputs]);
    return read(dense(layer, x, w, tf.tensor1d(randomFloats(outputs, 3)), 'relu'));
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});
