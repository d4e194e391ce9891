/**
 * The ONNX export: accepted by ONNX's own checker where python3-onnx is there, run by ONNX Runtime, and compared with the
 * integer engine on every test example.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import { layerKinds, volume } from '@/catalog/layers';
import type { NetworkPresetName } from '@/experiment/presets';
import { startBackend } from '@/kernels/testing/node';
import { range, rowsOf } from '@/session/batches';
import { trainedPreset } from '@/session/testing/trained';
import { atBits } from '@/session/testing/widths';
import { IntegerEngine, quantizeInput } from '../engine';
import { lower } from '../lower';
import { takeSnapshot } from '../snapshot';
import { type OnnxStyle, onnxStyles, toOnnx } from './index';
import { withQuantFunctions } from './testing/quant';

const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
beforeAll(() => startBackend('wasm'));
afterAll(() => rmSync(folder, { recursive: true }));

const python = '/usr/bin/python3';
const hasChecker = (() => {
  try {
    execFileSync(python, ['-c', 'import onnx'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** What ONNX's checker says, with shapes inferred: the operators in order, those of bodies too. */
function check(bytes: Uint8Array): string[] {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  const script = `import onnx, sys
m = onnx.load(sys.argv[1])
onnx.checker.check_model(m, full_check=True)
def kinds(graph):
  for node in graph.node:
    yield node.op_type
    for attribute in node.attribute: yield from kinds(attribute.g)
print(' '.join(kinds(m.graph)))`;
  return execFileSync(python, ['-c', script, path], { encoding: 'utf8' }).trim().split(' ');
}

const argMax = (values: ArrayLike<number>, from: number, count: number) => {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
};

type Change = NonNullable<Parameters<typeof trainedPreset>[2]>;

/** A trained network's program, its test examples, and what the integer engine makes of them. */
async function trained(name: NetworkPresetName, change?: Change) {
  const trainer = trainedPreset(name, 30, change);
  const { test: split, inputShape, classNames } = trainer.dataset;
  const batch = rowsOf(split, inputShape, range(0, split.count));
  const probe = tf.slice(batch.x, 0, 1);
  const program = lower(await takeSnapshot(trainer.readable('qat'), probe));
  const numbers = Float32Array.from(await batch.x.data());
  const engine = new IntegerEngine(program);
  const size = volume(inputShape);
  const { scale, zeroPoint } = program.values[program.output]!.grid;
  const logits = Float32Array.from(
    range(0, split.count).flatMap((i) =>
      Array.from(engine.run(quantizeInput(program, numbers.subarray(i * size, (i + 1) * size)))),
    ),
    (q) => (q - zeroPoint) * scale,
  );
  tf.dispose([batch.x, batch.y, probe]);
  trainer.dispose();
  return { program, numbers, logits, dims: [split.count, ...inputShape], classes: classNames.length };
}

async function run(bytes: Uint8Array, numbers: Float32Array, dims: number[]): Promise<Float32Array> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes);
  const { logits } = await session.run({ input: new ort.Tensor('float32', numbers, dims) });
  await session.release();
  return logits!.data as Float32Array;
}

const feedForward = ['mlp', 'cnn', 'depthwise', 'resnet'] as const;

describe.each(feedForward)('%s', (name) => {
  test.each([
    ['as it is', undefined, 'int8'],
    ['at 8 bits', atBits(8, 8), 'int8'],
    ['in 4-bit types', undefined, 'int4'],
  ] as const)('%s, ONNX Runtime predicts what the integer engine predicts', async (_, change, style) => {
    const { program, numbers, logits, dims, classes } = await trained(name, change);
    const bytes = toOnnx(program, style);
    const found = await run(bytes, numbers, dims);
    expect(found.length).toBe(logits.length);
    const rows = range(0, dims[0]!);
    const different = rows.filter(
      (i) => argMax(found, i * classes, classes) !== argMax(logits, i * classes, classes),
    );
    expect(different).toEqual([]);
    // Logits here have 12 fractional bits, and there none: half a step apart, but for sums that ONNX Runtime adds as floats.
    const errors = found.map((value, i) => Math.abs(value - logits[i]!));
    expect(errors.filter((error) => error > 2 ** -12).length).toBeLessThan(0.02 * errors.length);
    if (style === 'int8' && hasChecker) expect(check(bytes)).toContain('QuantizeLinear');
  });
});

/** Hidden layers with another function than ReLU. */
const withFunction =
  (activation: 'tanh' | 'sigmoid' | 'gelu'): Change =>
  (experiment) => ({
    ...experiment,
    layers: experiment.layers.map((spec) =>
      'activation' in spec && spec.activation === 'relu' ? { ...spec, activation } : spec,
    ) as typeof experiment.layers,
  });

/** Position embeddings, all states of a GRU, the last of an LSTM. */
const stack: Change = (experiment) => {
  const [rows, , last] = experiment.layers;
  const { dense, positions, gru, lstm } = layerKinds;
  const linear = { ...dense.defaults, units: 12, activation: 'linear' } as const;
  const sequence = { ...gru.defaults, units: 10, returns: 'sequence' } as const;
  const layers = [rows!, linear, positions.defaults, sequence, { ...lstm.defaults, units: 8 }, last!];
  return { ...experiment, layers };
};

/** A text's symbols, all states of a GRU, and all of an LSTM. */
const readText: Change = (experiment) => {
  const { embedding, gru, lstm } = layerKinds;
  const first = { ...embedding.defaults, features: 12 };
  const states = { units: 10, returns: 'sequence' } as const;
  const layers = [first, { ...gru.defaults, ...states }, { ...lstm.defaults, ...states }];
  return { ...experiment, layers: [...layers, experiment.layers.at(-1)!] };
};

/** Signs in the recurrent layers, DoReFa's odd levels of 3 bits elsewhere, logits on a grid of 8 bits. */
const odd: Change = (experiment) => {
  const narrow = atBits(1, 3, 8)(readText(experiment));
  const layers = narrow.layers.map((spec) =>
    spec.kind === 'dense' || spec.kind === 'embedding'
      ? { ...spec, weights: { ...spec.weights, bits: 3, quantizer: 'dorefa' } }
      : spec,
  ) as typeof narrow.layers;
  return { ...narrow, layers };
};

/** Scores on a grid of their own. */
const roundedScores =
  (weights: Bits, activations: Bits): Change =>
  (experiment) => {
    const changed = atBits(weights, activations)(experiment);
    const layers = changed.layers.map((spec) =>
      spec.kind === 'attention' ? { ...spec, scores: { ...spec.scores, bits: activations } } : spec,
    );
    return { ...changed, layers };
  };

/** Those that write whole numbers. */
const everyStyle = (Object.keys(onnxStyles) as OnnxStyle[]).filter((name) => name !== 'qdq');

describe.each([
  ['MLP with tanh', 'mlp', withFunction('tanh')],
  ['CNN with GELU', 'cnn', withFunction('gelu')],
  ['residual network with sigmoid', 'resnet', withFunction('sigmoid'), ['int8']],
  ['GRU', 'gru', atBits(8, 8), ['int8']],
  ['LSTM', 'lstm', atBits(4, 8), ['int4']],
  ['positions, GRU, LSTM', 'gru', stack, ['int8']],
  ['embedding, GRU, LSTM', 'characters', readText],
  ['signs and odd levels', 'characters', odd],
  ['transformer', 'transformer', undefined, ['int8', 'qonnx']],
  ['transformer with rounded scores at W3A4', 'transformer', roundedScores(3, 4), ['int4']],
  ['causal transformer of characters', 'characters', undefined, ['int8']],
] as const)('%s, in whole numbers', (_, name, change, styles: readonly OnnxStyle[] = everyStyle) => {
  // QONNX of the longer sequences is left out: 28 positions one after the other take ONNX Runtime seconds to load.
  test('ONNX Runtime gives the logits of the integer engine to the bit', async () => {
    const { program, numbers, logits, dims } = await trained(name, change);
    for (const style of styles) {
      const exported = toOnnx(program, style);
      if (hasChecker && style !== 'int4') expect(check(exported)).toContain('Gather');
      const bytes = style === 'qonnx' ? withQuantFunctions(exported) : exported;
      const found = await run(bytes, numbers, dims);
      expect(found.filter((value, i) => value !== logits[i])).toEqual(new Float32Array());
      expect(found.length).toBe(logits.length);
    }
  });
});

test.each([
  ['transformer', atBits(8, 8)],
  ['transformer', roundedScores(8, 8)],
  ['characters', atBits(8, 8)],
  ['mlp', withFunction('sigmoid')],
] as const)(
  '%s by standard operators gives nearly the logits of the integer engine',
  async (name, change) => {
    const { program, numbers, logits, dims, classes } = await trained(name, change);
    const bytes = toOnnx(program, 'qdq');
    const found = await run(bytes, numbers, dims);
    const rows = range(0, found.length / classes);
    const different = rows.filter(
      (i) => argMax(found, i * classes, classes) !== argMax(logits, i * classes, classes),
    );
    expect(different.length).toBeLessThan(0.03 * rows.length);
    const errors = found.map((value, i) => Math.abs(value - logits[i]!));
    const spread = Math.max(...logits.map(Math.abs));
    expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(0.02 * spread);
    if (!hasChecker) return;
    const operators = check(bytes);
    const own = name === 'mlp' ? ['Sigmoid'] : ['Softmax', 'LayerNormalization', 'Tanh'];
    expect(operators).toEqual(expect.arrayContaining([...own, 'QuantizeLinear', 'DequantizeLinear']));
    expect(operators).not.toContain('Div');
  },
);

test('whole numbers of a transformer hold a table of 64 KB and its exponentials, standard operators none', async () => {
  const { program } = await trained('transformer', atBits(8, 8));
  const sizes = (['int8', 'qdq'] as const).map((style) => toOnnx(program, style).length);
  expect(sizes.map((bytes) => Math.round(bytes / 1000))).toEqual([126, 31]);
});

test('a GRU of ONNX’s own is refused, because it rounds nothing inside', async () => {
  const { program } = await trained('gru');
  expect(() => toOnnx(program, 'qdq')).toThrow('rounds nothing inside, so that gru1 would be another layer');
});

test('a recurrent layer is one Scan, or written out for every position in QONNX', async () => {
  const { program } = await trained('gru');
  const sizes = everyStyle.map((style) => toOnnx(program, style).length);
  // Two tables of 64 KB each in all of them.
  expect(sizes.map((bytes) => Math.round(bytes / 1000))).toEqual([167, 167, 361]);
});

test.runIf(hasChecker)('QONNX has a Quant for every rounding and passes the checker', async () => {
  const { program } = await trained('cnn');
  const operators = check(toOnnx(program, 'qonnx'));
  // The input, two convolutions' outputs, and three weight tensors; the logits are not rounded.
  expect(operators.filter((type) => type === 'Quant').length).toBe(6);
  expect(operators).not.toContain('QuantizeLinear');
});

test('what a person wrote stays text', async () => {
  const { program } = await trained('mlp');
  const hostile = '"); import os #\u0000 ../../x \u202e';
  const bytes = toOnnx(program, 'int8', { experiment: hostile });
  expect(new TextDecoder().decode(bytes)).toContain(hostile);
  const session = await ort.InferenceSession.create(bytes);
  expect(session.inputNames).toEqual(['input']);
  await session.release();
});
