import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { fuseLaunches, type Kernels, type Launches } from './fusedLaunches';
import { randomFloats } from './testing/arrays';
import { startBackend } from './testing/node';
import { address, currentKernels, type LaunchFunction } from './wasm';

beforeAll(() => startBackend('wasm'));

const nobody = () => false;

describe('which launches are put together', () => {
  const names = [
    ...['epilogueRelu', 'epilogueReluObserved', 'observeMinMax', 'quantizeGradient', 'adamStep', 'matmul'],
    ...['epilogueReluGradient', 'epilogueReluGradientRounded', 'adamStepRounded', 'dampGradient'],
  ];
  const kernels: Kernels = new Map(names.map((name): [string, LaunchFunction] => [name, () => {}]));
  const nameOf = new Map([...kernels].map(([name, kernel]) => [kernel, name]));
  const segment = (...launches: [string, ...number[]][]): Launches => ({
    kernels: launches.map(([name]) => kernels.get(name)!),
    values: launches.map(([, ...values]) => values),
  });
  const fused = (segments: Launches[], isRead: (address: number) => boolean = nobody) =>
    fuseLaunches(segments, kernels, isRead).map(({ kernels: list, values }) =>
      list.map((kernel, i) => [nameOf.get(kernel), ...values[i]!]),
    );

  // Tensors of 8 rows and 4 channels, 128 bytes each.
  const [dq, x, dx, dacc, y, params, settings] = [1024, 2048, 3072, 4096, 5120, 6144, 7168];
  const [saved, inputs, weights, bias, dbias, scratch, state] = [x, 8192, 9216, 10240, 11264, 12288, 13312];
  const forward: [string, ...number[]] = ['epilogueRelu', dacc, inputs, weights, bias, y, scratch, 8, 4];
  const rounding: [string, ...number[]] = ['quantizeGradient', dq, x, params, settings, dx, 32, 1];
  const backward: [string, ...number[]] = [
    ...(['epilogueReluGradient', dx, saved, inputs, weights, bias] as const),
    ...[dacc, dbias, scratch, 8, 4],
  ];

  test('an observer with what makes its values', () => {
    expect(fused([segment(forward, ['observeMinMax', y, state, 32])])).toEqual([
      [['epilogueReluObserved', ...forward.slice(1), state]],
    ]);
    const other = segment(forward, ['observeMinMax', x, state, 32]);
    expect(fused([other])[0]).toHaveLength(2);
  });

  test('not in rows of half vectors, which would change the order of the values', () => {
    const odd = segment(
      ['epilogueRelu', dacc, inputs, weights, bias, y, scratch, 8, 3],
      ['observeMinMax', y, state, 24],
    );
    expect(fused([odd])[0]).toHaveLength(2);
  });

  test('a gradient through rounding with the one through the activation function', () => {
    expect(fused([segment(rounding, backward)])).toEqual([
      [['epilogueReluGradientRounded', dq, ...backward.slice(2), x, params, settings]],
    ]);
  });

  test('not where something else, or someone outside, reads what would no longer be written', () => {
    expect(fused([segment(rounding, backward, ['matmul', dx + 64])])[0]).toHaveLength(3);
    expect(fused([segment(rounding, backward), segment(['matmul', dx])])[0]).toHaveLength(2);
    expect(fused([segment(rounding, backward)], (at) => at === dx)[0]).toHaveLength(2);
  });

  test('not where the second would write over what the first reads', () => {
    const over = backward.with(7, x) as [string, ...number[]];
    expect(fused([segment(rounding, over)])[0]).toHaveLength(2);
  });

  const ofWeights: [string, ...number[]] = ['quantizeGradient', dq, x, params, settings, dx, 32, 4];
  const adam: [string, ...number[]] = ['adamStep', x, dx, y, dacc, state, 32];

  test('the rounding of weights with their optimizer, in the next segment', () => {
    expect(fused([segment(ofWeights, ['matmul', scratch]), segment(adam)])).toEqual([
      [['matmul', scratch]],
      [['adamStepRounded', x, dq, y, dacc, state, params, settings, 8, 4]],
    ]);
  });

  test('not where the gradient passes through something else, or its place is used meanwhile', () => {
    const damped = segment(['dampGradient', dx, x, y, params, settings, state, scratch, dacc], adam);
    expect(fused([segment(ofWeights), damped])[0]).toHaveLength(1);
    expect(fused([segment(ofWeights, ['matmul', dq]), segment(adam)])[0]).toHaveLength(2);
    expect(fused([segment(ofWeights), segment(adam.with(1, y) as typeof adam)])[0]).toHaveLength(1);
  });
});

describe('joint kernels give the bits of the two that they stand for', () => {
  const modes: [string, number[]][] = [
    ['without bits', [0, 0, 0, 1]],
    ['on a grid', [-7, 7, 1, 1]],
    ['to signs', [-1, 1, 2, 1]],
  ];
  const shapes = [
    [1, 4],
    [5, 4],
    [300, 8],
    [7, 20],
    [261, 40],
    [3, 7],
  ];
  const floats = (size: number, seed: number) => tf.tensor1d(randomFloats(size, seed, -2, 2));
  const bits = (tensors: tf.Tensor[]) =>
    tensors.map((tensor) => [...new Uint32Array((tensor.dataSync() as Float32Array).slice().buffer)]);
  const at = (tensor: tf.Tensor) => address(tensor);
  const run = (name: string, ...values: number[]) => currentKernels().get(name)!(...values);
  const cases = shapes.flatMap((shape) => modes.map((mode) => [shape, ...mode] as const));

  /** Params [4, channels] with zero points, 0 where they are centred; some values lie outside the grid. */
  const paramsOf = (channels: number, centred = false) =>
    tf.tensor1d([
      ...Array.from({ length: channels }, (_, c) => 0.2 + 0.01 * c),
      ...Array.from({ length: channels }, (_, c) => 1 / (0.2 + 0.01 * c)),
      ...Array.from({ length: channels }, (_, c) => (centred ? 0 : c % 3)),
      ...new Array<number>(channels).fill(1),
    ]);

  test.each(cases)('gradients of %j %s', (shape, _, settings) => {
    const [rows, channels] = shape as [number, number];
    const size = rows * channels;
    for (const kind of ['Linear', 'Relu', 'Tanh', 'Sigmoid', 'Gelu']) {
      const [dq, y, bias] = [floats(size, 1), floats(size, 2), floats(channels, 3)];
      const [activation, weights, chosen] = [paramsOf(1), paramsOf(channels), tf.tensor1d(settings)];
      const [dx, scratch] = [tf.zeros([size]), tf.zeros([3 * channels])];
      const outputs = [0, 1].map(() => [tf.zeros([size]), tf.zeros([channels])] as const);
      const rest = ([dacc, dbias]: (typeof outputs)[number]) => [
        ...[y, activation, weights, bias, dacc, dbias, scratch].map(at),
        rows,
        channels,
      ];
      run('quantizeGradient', ...[dq, y, activation, chosen, dx].map(at), size, 1);
      run(`epilogue${kind}Gradient`, at(dx), ...rest(outputs[0]!));
      const joint = [at(dq), ...rest(outputs[1]!), ...[y, activation, chosen].map(at)];
      run(`epilogue${kind}GradientRounded`, ...joint);
      expect(bits([...outputs[1]!])).toEqual(bits([...outputs[0]!]));
    }
  });

  test.each(cases)('Adam of %j %s', (shape, _, settings) => {
    const [rows, channels] = shape as [number, number];
    const size = rows * channels;
    const [dq, chosen, dx] = [floats(size, 1), tf.tensor1d(settings), tf.zeros([size])];
    // The powers of the betas, at first and where 1 less them is 1.
    for (const params of [paramsOf(channels), paramsOf(channels, true)])
      for (const powers of [
        [0.9, 0.999],
        [0, 0.9],
        [0, 0],
      ]) {
        const hyper = tf.tensor1d([0.01, 0.9, 0.999, 1e-8, ...powers]);
        const [apart, joint] = [0, 1].map(() => [floats(size, 4), floats(size, 5), tf.ones([size])]);
        run('quantizeGradient', ...[dq, apart![0]!, params, chosen, dx].map(at), size, channels);
        run('adamStep', ...[apart![0]!, dx, apart![1]!, apart![2]!, hyper].map(at), size);
        const [w, m, v] = joint!;
        run('adamStepRounded', ...[w!, dq, m!, v!, hyper, params, chosen].map(at), rows, channels);
        expect(bits(joint!)).toEqual(bits(apart!));
      }
  });

  test.each(shapes.filter(([, channels]) => channels! % 4 === 0))(
    'observers of [%i, %i]',
    (rows, channels) => {
      for (const kind of ['Linear', 'Relu', 'Tanh', 'Sigmoid', 'Gelu']) {
        const [acc, bias] = [floats(rows! * channels!, 1), floats(channels!, 2)];
        const [inputs, weights, scratch] = [paramsOf(1), paramsOf(channels!), tf.zeros([3 * channels!])];
        const [apart, joint] = [0, 1].map(() => [
          tf.zeros([rows! * channels!]),
          tf.tensor1d([-1, 1, 1, 0.1]),
        ]);
        const rest = (y: tf.Tensor) => [
          ...[acc, inputs, weights, bias, y, scratch].map(at),
          rows!,
          channels!,
        ];
        run(`epilogue${kind}`, ...rest(apart![0]!));
        run('observeMinMax', at(apart![0]!), at(apart![1]!), rows! * channels!);
        run(`epilogue${kind}Observed`, ...rest(joint![0]!), at(joint![1]!));
        expect(bits(joint!)).toEqual(bits(apart!));
      }
    },
  );
});
