/** The answer for each device, against figures made by hand. */
import { describe, expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { devices } from '@/catalog/devices';
import { weightSite } from '@/catalog/quantizers';
import { fitOn, needsOf } from './fit';
import { experimentFor, networkPresets } from './presets';

const digits = experimentFor(datasetKinds.digits.defaults);

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
