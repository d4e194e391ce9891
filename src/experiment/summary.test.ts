import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordEdit } from './changes';
import golden from './link/golden.json';
import type { Experiment } from './schema';
import { fileStem, summaryOf } from './summary';
import { experiments } from './testing/arbitrary';

const experimentOf = (name: string) =>
  golden.find((each) => each.name === name)?.experiment as unknown as Experiment;
const spirals = experimentOf('two spirals, an MLP at W4 A4');

test('a summary names data, network, bits and seed', () => {
  expect(summaryOf(spirals)).toBe('Two spirals, MLP 32-32-16, W4 A4, seed 42');
  expect(summaryOf(experimentOf('digits, a CNN at W4 A4'))).toBe('Digits, CNN 8-16, W4 A4, seed 42');
  expect(summaryOf(experimentOf('every field of a layer away from its omitted value'))).toBe(
    'Digits, CNN 3-7, W1–2 A1–3, seed 0',
  );
  expect(summaryOf(experimentOf('float throughout, with both stop conditions'))).toBe(
    'Moons, MLP of one layer, float, seed 4294967295',
  );
  expect(summaryOf(experimentOf('an own table with its label column'))).toBe(
    'iris.csv, MLP 16, W4 A4, seed 3',
  );
});

test('changes count, and the bits are those after them', () => {
  const once = recordEdit(spirals, { kind: 'bits', layer: 'dense1', site: 'weights', bits: 2 }, 100);
  expect(summaryOf(once)).toBe('Two spirals, MLP 32-32-16, W2–4 A4, seed 42, 1 change');
  const twice = recordEdit(once, { kind: 'learningRate', value: 0.001 }, 200);
  expect(summaryOf(twice)).toBe('Two spirals, MLP 32-32-16, W2–4 A4, seed 42, 2 changes');
});

test('a long network is counted, not spelled', () => {
  const layers = [...Array.from({ length: 7 }, () => spirals.layers[0]!), spirals.layers.at(-1)!];
  expect(summaryOf({ ...spirals, layers })).toBe('Two spirals, MLP of 8 layers, W4 A4, seed 42');
});

test('the stem of a file’s name is the summary in safe characters', () => {
  expect(fileStem(spirals)).toBe('two-spirals-mlp-32-32-16-w4-a4-seed-42');
  const own = experimentOf('own images, whose name needs percent-encoding');
  expect(fileStem(own)).toBe('t10k-a-1-gz-mlp-64-w4-a4-seed-3');
  expect(fileStem({ ...own, dataset: { ...own.dataset, name: '数字/../..' } as never })).toBe(
    'mlp-64-w4-a4-seed-3',
  );
  fc.assert(
    fc.property(experiments, (experiment) => {
      expect(fileStem(experiment)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(fileStem(experiment).length).toBeLessThanOrEqual(80);
    }),
    { numRuns: 100 },
  );
});
