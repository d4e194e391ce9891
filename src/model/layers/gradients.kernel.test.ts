/** Every layer kind on every backend: values and gradients against finite differences of plain float64 definitions. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DatasetSpec, datasetInfo, datasetKinds } from '@/catalog/datasets';
import { type LayerKind, type LayerSpec, layerKinds, volume } from '@/catalog/layers';
import { resolveNetwork } from '@/experiment/network';
import { backends, expectCloseArrays, randomFloats, startBackend } from '@/kernels/testing/backends';
import { differences } from '@/kernels/testing/differences';
import { read } from '@/kernels/testing/tensors';
import { Network } from '../network';
import type { Pass } from '../pass';
import { type Plain, plainForward } from '../testing/plain';
import type { NetworkVariables } from '../variables';

const batch = 3;
const defaults = Object.fromEntries(
  Object.entries(layerKinds).map(([kind, descriptor]) => [kind, descriptor.defaults]),
) as { [K in LayerKind]: Extract<LayerSpec, { kind: K }> };

const image: DatasetSpec = {
  kind: 'own',
  format: 'idx',
  name: 'small',
  bytes: 1,
  hash: '0'.repeat(16),
  train: 10,
  test: 10,
  shape: [5, 4, 2],
  classes: 2,
};
const even: DatasetSpec = { ...image, shape: [4, 4, 3] };
const text: DatasetSpec = datasetKinds.addition.defaults;

interface Case {
  dataset?: DatasetSpec;
  layers: LayerSpec[];
  /** Batch norm by the moments of the batch. */
  batchMoments?: true;
}

const conv = (more: object): LayerSpec => ({
  ...defaults.conv2d,
  filters: 3,
  padding: 'same',
  activation: 'tanh',
  ...more,
});
const rows = defaults.rows;

/** At least one case for each kind, by its name. */
const cases = {
  dense: [
    { layers: [{ ...defaults.dense, units: 4, activation: 'tanh' }] },
    { layers: [{ ...defaults.dense, units: 4, activation: 'gelu' }] },
    { layers: [{ ...defaults.dense, units: 4, activation: 'sigmoid' }] },
    { layers: [{ ...defaults.dense, units: 4, norm: 'batch', activation: 'tanh' }], batchMoments: true },
    { layers: [{ ...defaults.dense, units: 4, norm: 'batch', activation: 'tanh' }] },
  ],
  conv2d: [
    { layers: [conv({})] },
    { layers: [conv({ stride: 2, padding: 'valid', kernelSize: 2 })] },
    { layers: [conv({ norm: 'batch' })], batchMoments: true },
    { layers: [conv({ norm: 'batch' })] },
  ],
  depthwiseConv2d: [
    { layers: [{ ...defaults.depthwiseConv2d, activation: 'tanh' }] },
    { layers: [{ ...defaults.depthwiseConv2d, activation: 'tanh', stride: 2, padding: 'same' }] },
    { layers: [{ ...defaults.depthwiseConv2d, activation: 'tanh', norm: 'batch' }], batchMoments: true },
    { layers: [{ ...defaults.depthwiseConv2d, activation: 'tanh', norm: 'batch' }] },
  ],
  maxPool2d: [{ dataset: even, layers: [{ ...defaults.maxPool2d, size: 2 }] }],
  averagePool2d: [{ dataset: even, layers: [{ ...defaults.averagePool2d, size: 2 }] }],
  globalAveragePool: [
    { layers: [defaults.globalAveragePool] },
    { layers: [rows, defaults.globalAveragePool] },
  ],
  add: [
    { layers: [conv({ filters: 2 }), { ...defaults.add, span: 1, activation: 'gelu' }] },
    {
      layers: [
        conv({ filters: 2, norm: 'batch' }),
        conv({ filters: 2, norm: 'batch', activation: 'linear' }),
        { ...defaults.add, span: 2, activation: 'tanh' },
      ],
      batchMoments: true,
    },
  ],
  addProjected: [
    {
      dataset: even,
      layers: [conv({ stride: 2 }), { ...defaults.addProjected, span: 1, activation: 'tanh' }],
    },
    {
      layers: [
        rows,
        { ...defaults.dense, units: 3, activation: 'tanh' },
        { ...defaults.addProjected, span: 1, activation: 'linear' },
      ],
    },
  ],
  dropout: [{ layers: [{ ...defaults.dropout, rate: 0.4 }] }],
  rows: [{ layers: [rows] }],
  gru: [
    { layers: [rows, { ...defaults.gru, units: 3 }] },
    { layers: [rows, { ...defaults.gru, units: 3, returns: 'sequence' }] },
  ],
  lstm: [
    { layers: [rows, { ...defaults.lstm, units: 3 }] },
    { layers: [rows, { ...defaults.lstm, units: 3, returns: 'sequence' }] },
  ],
  embedding: [{ dataset: text, layers: [{ ...defaults.embedding, features: 3 }] }],
  positions: [{ layers: [rows, defaults.positions] }],
  layerNorm: [{ layers: [rows, defaults.layerNorm] }],
  attention: [
    { layers: [rows, { ...defaults.attention, heads: 2 }] },
    { layers: [rows, { ...defaults.attention, heads: 4, direction: 'causal' }] },
  ],
} satisfies Record<LayerKind, Case[]>;

const all = Object.entries(cases).flatMap(([kind, list]) =>
  list.map((each: Case, index) => ({ name: `${kind}, case ${index + 1}`, ...each })),
);

/** Values for a run of a case: the input, and every tensor by its key; variances are positive. */
function prepare({ dataset = image, layers: specs }: Case) {
  const layers = resolveNetwork({ dataset, layers: specs });
  const { inputShape, classes } = datasetInfo(dataset);
  const size = batch * volume(inputShape);
  const isText = dataset === text;
  const x = isText ? randomFloats(size, 1, 0, classes).map(Math.floor) : randomFloats(size, 1, -1, 1);
  const tensors = new Map<string, Float32Array>();
  layers.forEach((layer, place) => {
    layer.tensors.forEach(({ name, shape }, index) => {
      const values = randomFloats(volume(shape), 100 * place + index + 2, -0.8, 0.8);
      const positive = name === 'gamma' || name === 'running';
      tensors.set(`${layer.name}/${name}`, positive ? values.map((v) => 1.2 + v / 2) : values);
    });
  });
  return { layers, x, shape: [batch, ...inputShape], tensors, isText };
}

describe.each(backends)('gradients of layers on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(all)('$name', async (each) => {
    const { layers, x, shape, tensors, isText } = prepare(each);
    const network = new Network({ layers }, 5);
    const variables: NetworkVariables = new Map(
      layers.flatMap((layer) =>
        layer.tensors.map((tensor): [string, tf.Variable] => {
          const key = `${layer.name}/${tensor.name}`;
          return [
            key,
            tf.variable(tf.tensor(tensors.get(key)!, [...tensor.shape]), tensor.trained !== false),
          ];
        }),
      ),
    );
    const pass: Pass = {
      quantize: false,
      observe: false,
      training: true,
      clock: tf.tensor1d([7]),
      ...(each.batchMoments ? { norm: tf.tensor1d([0.1]) } : {}),
    };
    const input = tf.tensor(x, shape);
    const output = network.forward(variables, input, pass);
    const got = await read(output);
    // What dropout kept, from what came through; its share is tested with the kernel.
    const dropped = layers.find(({ spec }) => spec.kind === 'dropout');
    const masks = dropped ? { [dropped.name]: got.map((y, i) => y / x[i]!) } : {};
    if (dropped) expect(new Set(got.map((y, i) => Math.round((100 * y) / x[i]!)))).toEqual(new Set([0, 167]));

    const trained = [...variables].filter(([, variable]) => variable.trainable);
    const keys = trained.map(([key]) => key);
    const plain = (values: readonly number[], ...parameters: (readonly number[])[]): Plain => {
      const named = new Map<string, readonly number[]>();
      for (const [key, own] of tensors) named.set(key, Array.from(own));
      keys.forEach((key, i) => {
        named.set(key, parameters[i]!);
      });
      return plainForward(layers, { shape, values }, named, {
        batchMoments: each.batchMoments ?? false,
        masks,
      });
    };
    const inputs = [Array.from(x), ...keys.map((key) => Array.from(tensors.get(key)!))];
    const expected = plain(...(inputs as [number[], ...number[][]]));
    expect(output.shape).toEqual([...expected.shape]);
    expectCloseArrays(got, expected.values, 2e-6);

    const dy = randomFloats(got.length, 9);
    const loss = () =>
      tf.sum(tf.mul(network.forward(variables, input, pass), tf.tensor(dy, output.shape))) as tf.Scalar;
    const { grads } =
      trained.length > 0
        ? tf.variableGrads(
            loss,
            trained.map(([, v]) => v),
          )
        : { grads: {} as tf.NamedTensorMap };
    const dx = isText
      ? undefined
      : tf.grad((v: tf.Tensor) =>
          tf.sum(tf.mul(network.forward(variables, v, pass), tf.tensor(dy, output.shape))),
        )(input);
    const gradients = isText ? [] : [await read(dx!)];
    for (const [, variable] of trained) gradients.push(await read(grads[variable.name]!));
    // Symbols are not differentiated by.
    const fixed = isText ? [inputs[0]!] : [];
    const wanted = differences(
      (...values) => plain(...([...fixed, ...values] as [number[], ...number[][]])).values,
      inputs.slice(fixed.length),
      dy,
    );
    wanted.forEach((gradient, i) => {
      expectCloseArrays(gradients[i]!, gradient, 5e-6);
    });
    tf.dispose([...variables.values()]);
    network.dispose();
  });
});
