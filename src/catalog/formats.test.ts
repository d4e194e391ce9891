import { describe, expect, test } from 'vitest';
import { codes, positives } from '@/kernels/testing/formats';
import {
  blockCount,
  blockFormats,
  type FloatFormatName,
  floatFormats,
  inputAxis,
  magnitudes,
  maxExponent,
  minExponent,
} from './formats';

const names = Object.keys(floatFormats) as FloatFormatName[];

describe.each(names)('%s', (name) => {
  const format = floatFormats[name];

  test('its magnitudes are those of every code that is a number', () => {
    expect(magnitudes(format)).toEqual(positives(name));
  });

  test('its largest value, exponents and width are those of its codes', () => {
    const table = positives(name);
    expect(format.max).toBe(table.at(-1));
    const firstNormal = table[2 ** format.mantissaBits]!;
    expect(2 ** minExponent(format)).toBe(firstNormal);
    expect(format.max / 2 ** maxExponent(format)).toBeGreaterThanOrEqual(1);
    expect(format.max / 2 ** maxExponent(format)).toBeLessThan(2);
    expect(1 + format.exponentBits + format.mantissaBits).toBe(format.bits);
    expect(Math.ceil(Math.log2(codes(name).length))).toBe(format.bits);
  });
});

test('the largest and smallest values are those of the OCP specifications', () => {
  expect(positives('e2m1')).toEqual([0, 0.5, 1, 1.5, 2, 3, 4, 6]);
  expect([positives('e4m3')[1], positives('e4m3')[8], positives('e4m3').at(-1)]).toEqual([
    2 ** -9,
    2 ** -6,
    448,
  ]);
  expect([positives('e5m2')[1], positives('e5m2')[4], positives('e5m2').at(-1)]).toEqual([
    2 ** -16,
    2 ** -14,
    57344,
  ]);
});

test('blocks run along the input channels, at each place of a kernel for itself', () => {
  const { mxfp4 } = blockFormats;
  expect(inputAxis([3, 5, 16, 8])).toEqual({ outer: 15, length: 16 });
  expect(blockCount(mxfp4, [64, 10])).toBe(20);
  expect(blockCount(mxfp4, [65, 10])).toBe(30);
  expect(blockCount(mxfp4, [2, 16])).toBe(16);
  expect(blockCount(mxfp4, [3, 3, 40, 8])).toBe(9 * 2 * 8);
});
