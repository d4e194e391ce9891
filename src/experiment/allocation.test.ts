import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bits } from '@/catalog/bits';
import { datasetKinds } from '@/catalog/datasets';
import { siteAt } from '@/catalog/layers';
import { allocated, allocationFor, atEightBits, choicesFor, editsFor } from './allocation';
import { layerNames } from './network';
import { defaultExperiment, experimentFor, networkPresets } from './presets';
import type { Experiment } from './schema';
import { modelSize } from './size';
import { withSites } from './sweep/sites';

const widths = [8, 6, 5, 4, 3, 2] as const satisfies readonly Bits[];
/** 2 > 16 > 16 > 2. */
const mlp: Experiment = withSites(
  { ...defaultExperiment, layers: networkPresets.smallMlp.layers },
  ({ last }) => ({ weights: { bits: 8 }, activations: { bits: last ? 32 : 8 } }),
);
const names = layerNames(mlp.layers);
/** Rises that fall by a factor of four with each bit, larger from layer to layer. */
const rises = names.map((name, i) => {
  const list = widths.map((bits) => ({ bits, loss: (i + 1) * 4 ** -bits, accuracy: 0.5 * 4 ** -bits }));
  return { name, weights: list, activations: list, estimated: list.map((r) => ({ ...r, loss: 7 * r.loss })) };
});
const bytes = { budget: { kind: 'bytes', most: 1e9 }, keepEnds: false, source: 'loss' } as const;

describe('what the layers may have', () => {
  test('weights of every measured width, outputs as they are, where bytes count', () => {
    const choices = choicesFor(mlp, rises, bytes);
    expect(choices.map(({ name }) => name)).toEqual(names);
    for (const { weights, activations } of choices) {
      expect(weights.map(({ bits }) => bits)).toEqual([...widths]);
      expect(activations).toHaveLength(1);
    }
    expect(choices.map(({ activations }) => activations[0]!.bits)).toEqual([8, 8, 32]);
    expect(choices[1]!.weights.map(({ harm }) => harm)).toEqual(widths.map((bits) => 2 * 4 ** -bits));
  });

  test('the weights cost their packed bytes: w bits each, a tensor padded to a byte', () => {
    const [first] = choicesFor(mlp, rises, bytes);
    const { inputs, units } = { inputs: 2, units: (mlp.layers[0] as { units: number }).units };
    const at = (bits: Bits) => first!.weights.find((choice) => choice.bits === bits)!.bytes;
    expect(at(8) - at(3)).toBe(inputs * units - Math.ceil((3 * inputs * units) / 8));
  });

  test('outputs move too where BOPs count, but not the logits that nobody measured', () => {
    const measured = rises.map(({ activations, ...rise }, i) => (i === 2 ? rise : { ...rise, activations }));
    const choices = choicesFor(mlp, measured, { ...bytes, budget: { kind: 'bops', most: 1e9 } });
    expect(choices.map(({ activations }) => activations.map(({ bits }) => bits))).toEqual([
      [...widths],
      [...widths],
      [32],
    ]);
  });

  test('the first and last keep 8 bits where that is asked', () => {
    const choices = choicesFor(mlp, rises, { ...bytes, keepEnds: true });
    expect(choices.map(({ weights }) => weights.map(({ bits }) => bits))).toEqual([[8], [...widths], [8]]);
  });

  test('each source has its own harms', () => {
    const harm = (source: 'loss' | 'accuracy' | 'hessian') =>
      choicesFor(mlp, rises, { ...bytes, source })[1]!.weights.at(-1)!.harm;
    expect(harm('loss')).toBeCloseTo(2 / 16, 12);
    expect(harm('accuracy')).toBeCloseTo(0.5 / 16, 12);
    expect(harm('hessian')).toBeCloseTo(14 / 16, 12);
  });

  test('a layer that was not measured stays as it is', () => {
    const choices = choicesFor(mlp, rises.slice(0, 2), bytes);
    expect(choices[2]!.weights.map(({ bits, harm }) => [bits, harm])).toEqual([[8, 0]]);
  });
});

describe('an allocation', () => {
  test('is within its budget, and the size that it says is the model’s', () => {
    const eight = atEightBits(mlp);
    expect(eight).toEqual({ bytes: modelSize(mlp).total, bops: modelSize(mlp).bops });
    fc.assert(
      fc.property(
        fc.double({ min: 0.3, max: 1, noNaN: true }),
        fc.boolean(),
        fc.boolean(),
        (share, ends, ops) => {
          const kind = ops ? 'bops' : 'bytes';
          const most = Math.floor(share * eight[kind]);
          const found = allocationFor(mlp, rises, { ...bytes, budget: { kind, most }, keepEnds: ends });
          if (!found) return;
          const size = modelSize(allocated(mlp, found));
          expect(size.total).toBe(found.bytes);
          expect(size.bops).toBe(found.bops);
          expect(found[kind]).toBeLessThanOrEqual(most);
          if (!ends) return;
          expect(found.layers.map(({ weights }) => weights)).toMatchObject({ 0: 8, 2: 8 });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is undefined where even the cheapest widths cost more', () => {
    expect(allocationFor(mlp, rises, { ...bytes, budget: { kind: 'bytes', most: 10 } })).toBeUndefined();
  });

  const allocation = (weights: readonly Bits[], activations: readonly Bits[]) => ({
    layers: names.map((name, i) => ({ name, weights: weights[i]!, activations: activations[i]! })),
    ...{ harm: 0, bytes: 0, bops: 0 },
  });

  test('is applied by the edits that change something, and by no others', () => {
    expect(editsFor(mlp, allocation([8, 4, 8], [8, 8, 32]))).toEqual([
      { kind: 'bits', layer: names[1], site: 'weights', bits: 4 },
    ]);
    const both = allocation([2, 8, 3], [8, 5, 32]);
    expect(editsFor(mlp, both)).toHaveLength(3);
    expect(editsFor(allocated(mlp, both), both)).toEqual([]);
  });

  test('gives every weight tensor of a recurrent layer its width', () => {
    const recurrent = { ...experimentFor(datasetKinds.digits.defaults), layers: networkPresets.gru.layers };
    const name = layerNames(recurrent.layers)[recurrent.layers.findIndex(({ kind }) => kind === 'gru')]!;
    const layers = [{ name, weights: 2 as Bits, activations: 8 as Bits }];
    const after = allocated(recurrent, { layers, harm: 0, bytes: 0, bops: 0 });
    const spec = after.layers.find(({ kind }) => kind === 'gru')!;
    expect([siteAt(spec, 'weights')?.bits, siteAt(spec, 'recurrent')?.bits]).toEqual([2, 2]);
  });
});
