import { beforeAll, expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { generate } from '@/data/generate';
import { experimentFor } from '@/experiment/presets';
import { startBackend } from '@/kernels/testing/node';
import { isSound } from './checkpoint';
import { Stepper } from './stepper';
import { Trainer } from './trainer';

beforeAll(() => startBackend('wasm'));

test('the state of a run that trains is sound, before its first step and after some', async () => {
  const { defaults } = datasetKinds.moons;
  const experiment = experimentFor(defaults, 3);
  const trainer = new Trainer(experiment, generate(defaults, 3));
  expect(isSound((await trainer.checkpoint()).tensors)).toBe(true);
  await new Stepper(trainer, () => [], true).burst(Number.POSITIVE_INFINITY, 5);
  const { tensors } = await trainer.checkpoint();
  expect(Object.keys(tensors).some((name) => name.endsWith('/oscillation'))).toBe(true);
  expect(isSound(tensors)).toBe(true);
  // A weight that is gone makes it unsound, and so does an infinity anywhere.
  for (const [name, values] of Object.entries(tensors)) {
    expect(isSound({ ...tensors, [name]: values.with(0, Number.POSITIVE_INFINITY) }), name).toBe(false);
    if (!name.endsWith('/oscillation'))
      expect(isSound({ ...tensors, [name]: values.with(0, Number.NaN) }), name).toBe(false);
  }
  trainer.dispose();
});
