import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import { allocate, type Budget, type LayerChoices, rising } from './allocate';

const width = (bits: readonly Bits[]) =>
  fc.subarray([...bits], { minLength: 1 }).chain((chosen) =>
    fc
      .array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 60 })), {
        minLength: chosen.length,
        maxLength: chosen.length,
      })
      .map((values) => chosen.map((b, i) => ({ bits: b, harm: values[i]![0] / 8, bytes: values[i]![1] }))),
  );
const layer: fc.Arbitrary<LayerChoices> = fc.record({
  name: fc.constant('dense1'),
  weights: width([8, 4, 3, 2, 1]),
  activations: width([8, 4, 2]),
  macs: fc.integer({ min: 1, max: 50 }),
});
const networks = fc.array(layer, { minLength: 1, maxLength: 4 });

/** Every combination, one by one. */
function everything(layers: readonly LayerChoices[], input: Bits, fixed: number) {
  let partial = [{ harm: 0, bytes: fixed, bops: 0, incoming: input }];
  for (const { weights, activations, macs } of layers)
    partial = partial.flatMap((before) =>
      weights.flatMap((w) =>
        activations.map((a) => ({
          harm: before.harm + w.harm + a.harm,
          bytes: before.bytes + w.bytes + a.bytes,
          bops: before.bops + macs * before.incoming * w.bits,
          incoming: a.bits,
        })),
      ),
    );
  return partial;
}

test.each<['bytes' | 'bops']>([['bytes'], ['bops']])(
  'under a budget of %s it finds what trying everything finds',
  (kind) => {
    fc.assert(
      fc.property(
        networks,
        fc.nat(100),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (layers, fixed, share) => {
          const all = everything(layers, 8, fixed);
          const costs = all.map((each) => each[kind]);
          const most = Math.round(
            Math.min(...costs) + share * (Math.max(...costs) - Math.min(...costs)) - (share < 0.05 ? 1 : 0),
          );
          const within = all.filter((each) => each[kind] <= most);
          const found = allocate(layers, 8, { kind, most }, fixed);
          if (within.length === 0) {
            expect(found).toBeUndefined();
            return;
          }
          const least = Math.min(...within.map(({ harm }) => harm));
          expect(found!.harm).toBe(least);
          // Of equal harm the cheapest.
          const cheapest = Math.min(...within.filter(({ harm }) => harm === least).map((each) => each[kind]));
          expect(found![kind]).toBe(cheapest);
          expect(all.some((each) => each.bytes === found!.bytes && each.bops === found!.bops)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  },
);

test('under a limit of harm it finds the cheapest', () => {
  fc.assert(
    fc.property(
      networks,
      fc.constantFrom<'bytes' | 'bops'>('bytes', 'bops'),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (layers, cost, share) => {
        const all = everything(layers, 8, 0);
        const harms = all.map(({ harm }) => harm);
        const most = Math.min(...harms) + share * (Math.max(...harms) - Math.min(...harms));
        const budget: Budget = { kind: 'harm', most, cost };
        const cheapest = Math.min(...all.filter(({ harm }) => harm <= most + 1e-9).map((each) => each[cost]));
        expect(allocate(layers, 8, budget)![cost]).toBe(cheapest);
      },
    ),
    { numRuns: 150 },
  );
});

test('a network of 30 layers is allocated at once', () => {
  const layers = Array.from(
    { length: 30 },
    (_, i): LayerChoices => ({
      name: `conv${i + 1}`,
      weights: ([8, 6, 5, 4, 3, 2] as const).map((bits) => ({
        bits,
        harm: (1 + ((i * 7) % 13)) * 4 ** -bits,
        bytes: (500 + 97 * i) * bits,
      })),
      activations: [{ bits: 8, harm: 0, bytes: 5 }],
      macs: 1000,
    }),
  );
  const most = layers.reduce((sum, { weights }) => sum + weights[0]!.bytes / 2, 0);
  const found = allocate(layers, 8, { kind: 'bytes', most });
  expect(found!.bytes).toBeLessThanOrEqual(most);
  expect(found!.bytes).toBeGreaterThan(0.95 * most);
});

test('harms are made to rise as bits fall, by the least of fewer bits', () => {
  expect(rising([-0.1, 0.02, 0.01, 5.9, 0.3, 0.5])).toEqual([0, 0.01, 0.01, 0.3, 0.3, 0.5]);
});
