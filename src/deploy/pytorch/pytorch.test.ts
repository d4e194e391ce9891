/**
 * The PyTorch export, run by Python where torch is installed: the same accuracy as the playground, training that goes on,
 * and two processes. Skipped where there is no torch.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkPresetName } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { startBackend } from '@/kernels/testing/node';
import { trainedOf } from '@/session/deployDesk';
import { TestSet } from '@/session/evaluate';
import { trainedPreset } from '@/session/testing/trained';
import { toPyTorch, trainingScript } from './index';
import { text } from './text';

const python = '/usr/bin/python3';
const hasTorch = (() => {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!hasTorch) console.log('The PyTorch export is not run here: /usr/bin/python3 has no torch.');

const folder = mkdtempSync(join(tmpdir(), 'pytorch-'));
beforeAll(() => startBackend('wasm'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The quantizers of all weights, and of all activations that are rounded. */
const quantizedBy =
  (weights: string, activations: string, more: Record<string, unknown> = {}) =>
  (experiment: Experiment): Experiment => ({
    ...experiment,
    input: { ...experiment.input, quantizer: activations } as Experiment['input'],
    layers: experiment.layers.map((spec) => ({
      ...spec,
      ...('weights' in spec ? { weights: { ...spec.weights, quantizer: weights, ...more } } : {}),
      ...('activations' in spec ? { activations: { ...spec.activations, quantizer: activations } } : {}),
    })) as Experiment['layers'],
  });

/** Writes the files and says how many of the test examples the playground gets right. */
async function exported(name: NetworkPresetName, change?: (experiment: Experiment) => Experiment) {
  const trainer = trainedPreset(name, 40, change);
  const test = new TestSet(trainer);
  const { accuracy } = await test.evaluate('qat');
  const right = Math.round(accuracy * test.count);
  const files = unzipSync(toPyTorch(await trainedOf(trainer, trainer.present)));
  const into = join(folder, `${name}-${Math.random().toString(36).slice(2)}`);
  mkdirSync(into);
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(into, file), bytes);
  const { count } = test;
  test.dispose();
  trainer.dispose();
  return { into, right, count };
}

const environment = { ...process.env, OMP_NUM_THREADS: '1' };
const train = (into: string, ...options: string[]) =>
  execFileSync(python, [join(into, 'train.py'), ...options], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
const rightIn = (output: string) =>
  [...output.matchAll(/\((\d+) of (\d+)\)/g)].map(([, right, of]) => ({
    right: Number(right),
    of: Number(of),
  }));

const cases = [
  ['mlp', 'as it is', undefined],
  ['mlp', 'with LSQ', quantizedBy('lsq', 'lsq')],
  ['mlp', 'with DoReFa and PACT', quantizedBy('dorefa', 'pact')],
  ['mlp', 'with MSE clipping per tensor', quantizedBy('mse', 'mse', { granularity: 'tensor' })],
  ['mlp', 'with powers of two and LSQ+', quantizedBy('pow2', 'lsqplus', { range: 'full' })],
  ['mlp', 'with percentiles', quantizedBy('percentile', 'percentile')],
  ['mlp', 'ternary (TWN), DoReFa activations', quantizedBy('twn', 'dorefa')],
  ['mlp', 'ternary (BitNet)', quantizedBy('bitnet', 'ema')],
  ['cnn', 'as it is', undefined],
  ['depthwise', 'as it is', undefined],
  ['resnet', 'with LSQ weights', quantizedBy('lsq', 'ema')],
  ['gru', 'as it is', undefined],
  ['lstm', 'as it is', undefined],
  ['transformer', 'as it is', undefined],
  ['characters', 'as it is', undefined],
] as const;

describe.runIf(hasTorch)('in PyTorch', () => {
  test.each(cases)(
    '%s %s: the playground’s accuracy within one example, and training goes on',
    async (name, _, change) => {
      const { into, right, count } = await exported(name, change);
      const found = rightIn(train(into, '--steps', '3', '--save', join(into, 'more.safetensors')));
      expect(found[0]!.of).toBe(count);
      expect(Math.abs(found[0]!.right - right)).toBeLessThanOrEqual(1);
      expect(found.length).toBe(4);
      if (change) return;
      // What was saved is read again, and is what was there at the end.
      const again = rightIn(train(into, '--weights', join(into, 'more.safetensors')));
      expect(again[0]).toEqual(found.at(-1));
    },
    60_000,
  );

  test('it learns: 300 steps lower what is wrong on the moons', async () => {
    const { into } = await exported('smallMlp');
    const found = rightIn(train(into, '--steps', '300'));
    expect(found.at(-1)!.right).toBeGreaterThan(0.9 * found[0]!.of);
  }, 60_000);

  test('two processes train one network, started as torchrun starts them', async () => {
    const { into, right } = await exported('cnn');
    // torchrun itself of Debian's torch 1.13 does not start under its Python: it trips over its own enumeration.
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const world = { WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(port) };
    const outputs = await Promise.all(
      ['0', '1'].map(async (rank) => {
        const { stdout } = await promisify(execFile)(python, [join(into, 'train.py'), '--steps', '4'], {
          env: { ...environment, ...world, RANK: rank, LOCAL_RANK: rank },
        });
        return rightIn(stdout);
      }),
    );
    expect(outputs.map(({ length }) => length)).toEqual([5, 0]);
    expect(Math.abs(outputs[0]![0]!.right - right)).toBeLessThanOrEqual(1);
  }, 120_000);
});

test('what a person wrote cannot leave its string', () => {
  const hostile = `"""); import os; os.remove("x") #\n\\'\u2028\u0000😀`;
  const literal = text(hostile);
  expect(literal).toMatch(/^"[ !#-[\]-~]*(\\U[0-9a-f]{8}[ !#-[\]-~]*)*"$/);
  expect(literal.slice(1, -1)).not.toMatch(/"|\n/);
  if (!hasTorch) return;
  const script = `import json, sys\nprint(json.dumps(${literal}))`;
  expect(JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8' }))).toBe(hostile);
});

test('a quantizer that train.py does not have is refused by name', async () => {
  const trainer = trainedPreset('mlp', 1, quantizedBy('e4m3', 'ema'));
  const trained = await trainedOf(trainer, trainer.present);
  expect(() => trainingScript(trained)).toThrow('train.py has no FP8 E4M3, which the weights of dense1 use');
  trainer.dispose();
});
