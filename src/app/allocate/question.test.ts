/** What the form asks, and what the table says of the answer, on an MLP whose sizes are counted by hand. */
import { describe, expect, test } from 'vitest';
import { allocate } from '@/experiment/allocate';
import { atEightBits, choicesFor, editsFor } from '@/experiment/allocation';
import { applyEdit } from '@/experiment/changes';
import { defaultExperiment } from '@/experiment/presets';
import { modelSize } from '@/experiment/size';
import type { LayerSensitivity } from '@/session/measuring/measurement';
import {
  correlationAt,
  inverseOf,
  leastPercent,
  questionOf,
  risesAt,
  rowsOf,
  useAllocationForm,
} from './question';

const form = useAllocationForm.getState();
const eight = { bytes: 1000, bops: 50_000 };
/** Halving the width doubles the harm; a layer's own factor tells them apart. */
const layer = (name: string, factor: number, estimate = factor): LayerSensitivity => {
  const rises = (by: number) =>
    ([8, 6, 5, 4, 3, 2, 1] as const).map((bits) => ({
      bits,
      loss: by * 2 ** -bits,
      accuracy: by * 2 ** -bits,
    }));
  return {
    name,
    weights: rises(factor),
    activations: rises(factor),
    estimated: rises(estimate),
    present: { bits: 8, loss: 0, accuracy: 0 },
  } as unknown as LayerSensitivity;
};
const layers = [layer('dense1', 3), layer('dense2', 1), layer('dense3', 2)];

describe('the question', () => {
  test('a share of the cost at 8 bits, rounded down', () => {
    expect(questionOf({ ...form, percent: 33 }, { ...eight, bytes: 1001 }).budget).toEqual({
      kind: 'bytes',
      most: 330,
    });
    expect(questionOf({ ...form, budget: 'bops', percent: 50 }, eight).budget).toEqual({
      kind: 'bops',
      most: 25_000,
    });
  });
  test('points of accuracy are judged by accuracy, whatever the source', () => {
    expect(questionOf({ ...form, budget: 'accuracy', drop: 2, source: 'hessian' }, eight)).toEqual({
      budget: { kind: 'harm', most: 0.02, cost: 'bytes' },
      keepEnds: form.keepEnds,
      source: 'accuracy',
    });
  });
});

describe('the answer', () => {
  const question = questionOf({ ...form, percent: 60 }, atEightBits(defaultExperiment));
  const choices = choicesFor(defaultExperiment, layers, question);
  const fixed = modelSize(defaultExperiment).input;
  const allocation = allocate(choices, 8, question.budget, fixed)!;

  test('rows have the widths and bytes of now and of the allocation, which add up to its size', () => {
    const rows = rowsOf(defaultExperiment, choices, allocation);
    expect(rows.map(({ name, weights }) => [name, weights!.now])).toEqual([
      ['dense1', 8],
      ['dense2', 3],
      ['dense3', 8],
    ]);
    const sum = (of: 'now' | 'next') => rows.reduce((total, { bytes }) => total + bytes[of], fixed);
    expect(sum('now')).toBe(modelSize(defaultExperiment).total);
    expect(sum('next')).toBe(allocation.bytes);
    expect(allocation.bytes).toBeLessThanOrEqual(0.6 * atEightBits(defaultExperiment).bytes);
    const harm = rows.reduce((total, row) => total + row.harm, 0);
    expect(harm).toBeCloseTo(allocation.harm, 12);
  });
  test('its edits and their inverse give the experiment back', () => {
    const there = editsFor(defaultExperiment, allocation).reduce(applyEdit, defaultExperiment);
    expect(there).not.toEqual(defaultExperiment);
    expect(inverseOf(defaultExperiment, allocation).reduce(applyEdit, there)).toEqual(defaultExperiment);
  });
  test('the least budget can be met, and one percent less cannot', () => {
    const all = atEightBits(defaultExperiment);
    const least = leastPercent(choices, 8, fixed, 'bytes', all);
    const within = (percent: number) =>
      allocate(choices, 8, { kind: 'bytes', most: Math.floor((percent / 100) * all.bytes) }, fixed);
    expect(within(least)).toBeDefined();
    expect(within(least - 1)).toBeUndefined();
  });
});

test('the rank correlation is over layers that have both', () => {
  expect(correlationAt(layers, 2)).toBe(1);
  expect(correlationAt([layer('a', 3, 1), layer('b', 1, 3), layer('c', 2, 2)], 2)).toBe(-1);
  const bare = { ...layer('d', 9), estimated: undefined } as unknown as LayerSensitivity;
  expect(correlationAt([...layers, bare], 2)).toBe(1);
  expect(risesAt([bare], 4)[0]).toMatchObject({
    name: 'd',
    estimated: undefined,
    measured: { loss: 9 / 16 },
  });
});
