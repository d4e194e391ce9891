/** Memory planning and the answer for each device, against figures made by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { devices } from '@/catalog/devices';
import { activationSite, weightSite } from '@/catalog/quantizers';
import { type Buffer, fitOn, needsOf, planBuffers, signalsOf } from './fit';
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
        expect(plan.bytes).toBeLessThanOrEqual(buffers.reduce((sum, { bytes }) => sum + bytes, 0));
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
});

test('the signals of an MLP: a byte a value, 4 bytes for logits and floats', () => {
  // 2-16-16-2: input 2 bytes, 16, 16, logits 2 x 4.
  expect(signalsOf(defaultExperiment).map(({ bytes }) => bytes)).toEqual([2, 16, 16, 8]);
  const float = { ...defaultExperiment, input: activationSite(32) };
  expect(signalsOf(float)[0]?.bytes).toBe(8);
  expect(needsOf(defaultExperiment).ram).toBe(32);
});

test('a residual path keeps its start until its end', () => {
  const signals = signalsOf({ ...digits, layers: networkPresets.resnet.layers });
  const pooled = signals.find(({ name }) => name === 'pool1')!;
  // conv1 pool1 conv2 conv3 add1: the pooled image is read by conv2 and by add1.
  expect(pooled).toMatchObject({ from: 1, to: 4 });
});

describe('devices', () => {
  test('bytes left are what the device has less what the network takes', () => {
    const needs = { flash: 200 * 1024, ram: 1000, macs: 1e6, bops: 0 };
    const small = fitOn(needs, 'cortexM0');
    expect(small).toMatchObject({ fits: false, flashLeft: -8 * 1024, ramLeft: 19 * 1024 + 24 });
    // 1e6 products at 0.125 a cycle are 8e6 cycles, of 32 MHz.
    expect(small.ms).toBeCloseTo(250, 9);
    expect(fitOn(needs, 'cortexM4').fits).toBe(true);
  });

  test('fewer bits make a network fit that did not', () => {
    const layers = (bits: 8 | 32) => [
      { ...networkPresets.wideMlp.layers[0]!, units: 128, weights: weightSite(bits) },
      ...networkPresets.wideMlp.layers.slice(1),
    ];
    const needs = (bits: 8 | 32) => needsOf({ ...digits, layers: layers(bits) as typeof digits.layers });
    expect(needs(32).flash).toBeGreaterThan(devices.cortexM0.flash);
    expect(fitOn(needs(32), 'cortexM0').fits).toBe(false);
    expect(fitOn(needs(8), 'cortexM0').fits).toBe(true);
  });

  test.each(Object.entries(devices))('%s names its sources', (_, device) => {
    expect(device.sources.length).toBeGreaterThanOrEqual(2);
    expect(device.ram).toBeLessThanOrEqual(device.flash);
  });
});
