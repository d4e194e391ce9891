import { expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import { choicesFor } from './allocation';
import { defaultExperiment, networkPresets } from './presets';

const experiment = { ...defaultExperiment, layers: networkPresets.smallMlp.layers };
const rises = (losses: Partial<Record<Bits, number>>) =>
  ([8, 5, 4, 3, 2, 1] as const).flatMap((bits) =>
    losses[bits] === undefined ? [] : [{ bits, loss: losses[bits], accuracy: losses[bits] / 10 }],
  );
const choices = (
  layer: { weights?: ReturnType<typeof rises>; activations?: ReturnType<typeof rises>; estimated?: object[] },
  source: 'loss' | 'accuracy' | 'hessian' | 'both',
) => {
  const budget = { kind: 'bops', most: 1e9 } as const;
  const [first] = choicesFor(experiment, [{ name: 'dense1', ...layer } as never], {
    budget,
    keepEnds: false,
    source,
  });
  const harms = (list: readonly { harm: number }[]) => list.map(({ harm }) => harm);
  return { weights: harms(first!.weights), activations: harms(first!.activations) };
};

test('one bit of less harm than two clears the two, and a spike at one width does not bar it', () => {
  const weights = rises({ 8: -0.01, 4: 5.9, 3: 0.3, 2: 1.6, 1: 0.4 });
  expect(choices({ weights }, 'loss').weights).toEqual([0, 0.3, 0.3, 0.4, 0.4]);
  expect(choices({ weights }, 'accuracy').weights[1]).toBeCloseTo(0.03, 12);
});

test('measured and estimated rises together: their mean, of outputs by the law of rounding errors', () => {
  const estimated = [
    { bits: 4, loss: 0.02 },
    { bits: 2, loss: 0.3 },
  ];
  const weights = rises({ 4: -0.01, 2: 0.5 });
  expect(choices({ weights, estimated }, 'hessian').weights).toEqual([0.02, 0.3]);
  expect(choices({ weights, estimated }, 'both').weights).toEqual([0.01, 0.4]);
  // 0.64 at 2 bits, a quarter for each bit more, but for a spike at 4 and noise at 8.
  const activations = rises({ 8: 0.002, 5: 0.01, 4: 5, 3: 0.16, 2: 0.64 });
  const found = choices({ activations }, 'both').activations;
  const expected = [(0.002 + 0.64 / 4 ** 6) / 2, 0.01, (0.16 + 0.16) / 2, 0.16, 0.64];
  found.forEach((harm, i) => {
    expect(harm).toBeCloseTo(expected[i]!, 12);
  });
});
