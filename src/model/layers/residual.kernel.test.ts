/** Residual blocks in training against PyTorch: values, and the gradients of the input and of every parameter. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LayerSpec, layerKinds } from '@/catalog/layers';
import { resolveNetwork } from '@/experiment/network';
import { backends, expectCloseArrays, startBackend } from '@/kernels/testing/backends';
import { read } from '@/kernels/testing/tensors';
import { Network } from '../network';
import type { Pass } from '../pass';
import type { NetworkVariables } from '../variables';
import fixtures from './fixtures/residual.json';

const { conv2d, add, addProjected } = layerKinds;

const convolution = (filters: number, stride: number, activation: 'relu' | 'linear'): LayerSpec => ({
  ...conv2d.defaults,
  filters,
  stride,
  kernelSize: 3,
  padding: 'same',
  norm: 'batch',
  activation,
});

describe.each(backends)('residual blocks on %s equal PyTorch', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(fixtures.cases.map((example) => [example.name, example] as const))('%s', async (_, example) => {
    const { shape, filters, stride, x, y, dy, dx, parameters } = example;
    const sum: LayerSpec = { ...(stride === 1 ? add : addProjected).defaults, span: 2, activation: 'relu' };
    const layers = resolveNetwork({
      dataset: {
        kind: 'own',
        format: 'idx',
        name: 'small',
        bytes: 1,
        hash: '0'.repeat(16),
        train: 10,
        test: 10,
        shape: shape.slice(1) as [number, number, number],
        classes: 2,
      },
      layers: [convolution(filters, stride, 'relu'), convolution(filters, 1, 'linear'), sum],
    });
    const given = new Map(parameters.map(({ key, values }) => [key, values]));
    const variables: NetworkVariables = new Map(
      layers.flatMap((layer) =>
        layer.tensors.map(({ name, shape: own, trained }): [string, tf.Variable] => {
          const key = `${layer.name}/${name}`;
          const values = given.get(key);
          // Running moments are not used with those of the batch.
          return [
            key,
            tf.variable(values ? tf.tensor(values, [...own]) : tf.ones([...own]), trained !== false),
          ];
        }),
      ),
    );
    const network = new Network({ layers }, 5);
    const pass: Pass = {
      quantize: false,
      observe: false,
      training: true,
      clock: tf.tensor1d([7]),
      norm: tf.tensor1d([0.1]),
    };
    const input = tf.tensor(x, shape);
    const output = network.forward(variables, input, pass);
    expectCloseArrays(await read(output), y, 2e-6);

    const upstream = tf.tensor(dy, output.shape);
    const weighed = (v: tf.Tensor) => tf.sum(tf.mul(network.forward(variables, v, pass), upstream));
    expectCloseArrays(await read(tf.grad(weighed)(input)), dx, 5e-6);
    const { grads } = tf.variableGrads(() => weighed(input) as tf.Scalar);
    expect(new Set(given.keys())).toEqual(
      new Set([...variables].filter(([, variable]) => variable.trainable).map(([key]) => key)),
    );
    for (const { key, gradient } of parameters)
      expectCloseArrays(await read(grads[variables.get(key)!.name]!), gradient, 5e-6);
    tf.dispose([...variables.values()]);
    network.dispose();
  });
});
