/** What the terminal writes, and what it says of formats that a network has no form in. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeDataset } from '@/data';
import { experimentFromFile } from '@/experiment/file';
import { defaultExperiment, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { fileStem } from '@/experiment/summary';
import { withSites } from '@/headless/sums';
import { startBackend } from '@/kernels/testing/node';
import { Trainer } from '@/session/trainer';
import { exportAll } from './export';
import { uniform } from './results/rows';

beforeAll(() => startBackend('wasm'));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exports-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function exported(experiment: Experiment) {
  if (experiment.dataset.kind === 'own') throw new Error('generated data only');
  const trainer = new Trainer(experiment, makeDataset(experiment.dataset, 1));
  const told: string[] = [];
  await trainer.calibrate();
  await exportAll(trainer, experiment, folder, (sentence) => told.push(sentence));
  trainer.dispose();
  const stem = fileStem(experiment);
  return {
    told,
    files: readdirSync(folder)
      .map((name) => name.replace(stem, ''))
      .sort(),
  };
}
const small: Experiment = { ...defaultExperiment, layers: networkPresets.smallMlp.layers };

test('everything is written, and the experiment reads back', async () => {
  const { told, files } = await exported(small);
  expect(files).toHaveLength(told.length);
  expect(files).toEqual(
    expect.arrayContaining(['-c.zip', '-pytorch.zip', '-integer.safetensors', '.json', '.onnx']),
  );
  const text = readFileSync(join(folder, `${fileStem(small)}.json`), 'utf8');
  expect(experimentFromFile(text, 'it')).toMatchObject({ ok: true, experiment: small });
});

test('a network without an integer form is written as what it can be, and why not otherwise', async () => {
  const { told, files } = await exported(withSites(small, uniform(8, 'e4m3', 'e4m3')));
  expect(files).toEqual(['-float.safetensors', '.json']);
  const refused = told.filter((sentence) => sentence.startsWith('no '));
  expect(refused.find((sentence) => sentence.startsWith('no C99: '))).toContain('dense1');
  expect(refused.length + files.length).toBe(told.length);
});
