/** Planned buffers, against figures made by hand; src/deploy/plan.test.ts has the same for the C export's. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { activationSite } from '@/catalog/quantizers';
import { type Buffer, planBuffers, signalsOf, workingMemory } from './memory';
import { defaultExperiment, experimentFor, networkPresets } from './presets';

const digits = experimentFor(datasetKinds.digits.defaults);

describe('planned buffers', () => {
  const buffer = fc
    .tuple(fc.integer({ min: 1, max: 999 }), fc.nat(8), fc.nat(4))
    .map(([bytes, from, length]): Buffer => ({ name: 'buffer', bytes, from, to: from + length }));

  test('those alive together never overlap, and the block holds no less than what is alive at once', () => {
    fc.assert(
      fc.property(fc.array(buffer, { maxLength: 12 }), (buffers) => {
        const plan = planBuffers(buffers);
        for (const [i, a] of plan.buffers.entries())
          for (const b of plan.buffers.slice(i + 1)) {
            const together = a.from <= b.to && b.from <= a.to;
            const apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
            expect(together && !apart).toBe(false);
          }
        const alive = Array.from({ length: 14 }, (_, at) =>
          buffers.filter(({ from, to }) => from <= at && at <= to).reduce((sum, { bytes }) => sum + bytes, 0),
        );
        expect(plan.bytes).toBeGreaterThanOrEqual(Math.max(...alive));
        expect(plan.bytes).toBeLessThanOrEqual(buffers.reduce((sum, { bytes }) => sum + bytes + 3, 0));
      }),
    );
  });

  test('a chain takes turns in the room of its largest neighbours', () => {
    const chain = [10, 40, 20, 30].map((bytes, i) => ({
      name: String(i),
      bytes,
      from: Math.max(i - 1, 0),
      to: Math.min(i, 2),
    }));
    expect(planBuffers(chain).bytes).toBe(60);
  });

  test('every buffer begins at a multiple of 4 bytes', () => {
    const pair = [5, 3].map((bytes, i) => ({ name: String(i), bytes, from: 0, to: 0 }));
    expect(planBuffers(pair)).toMatchObject({ buffers: [{ offset: 0 }, { offset: 8 }], bytes: 12 });
  });
});

test('the signals of an MLP: a byte a value, 4 bytes for logits and floats', () => {
  // 2-16-16-2: input 2 bytes, 16, 16, logits 2 x 4.
  expect(signalsOf(defaultExperiment).map(({ bytes }) => bytes)).toEqual([2, 16, 16, 8]);
  const float = { ...defaultExperiment, input: activationSite(32) };
  expect(signalsOf(float)[0]?.bytes).toBe(8);
  // The input is beside the block: 2 bytes take 4.
  expect(workingMemory(defaultExperiment)).toBe(4 + 32);
});

test('a residual path keeps its start until its end', () => {
  const signals = signalsOf({ ...digits, layers: networkPresets.resnet.layers });
  const pooled = signals.find(({ name }) => name === 'pool1')!;
  // conv1 pool1 conv2 conv3 add1: the pooled image is read by conv2 and by add1.
  expect(pooled).toMatchObject({ from: 1, to: 4 });
  // Its end keeps no sums; that of a projection does, 7x7x24 of 4 bytes.
  expect(signals.find(({ name }) => name === 'add1 sums')).toBeUndefined();
  expect(signals.find(({ name }) => name === 'add2 sums')?.bytes).toBe(4 * 7 * 7 * 24);
});

test('rows of an image stay where the image is', () => {
  const signals = signalsOf({ ...digits, layers: networkPresets.gru.layers });
  expect(signals.map(({ name }) => name)).not.toContain('rows1');
  expect(signals[0]).toMatchObject({ name: 'input', bytes: 784, from: 0, to: 1 });
});
