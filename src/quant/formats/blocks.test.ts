import { expect, test } from 'vitest';
import { blockFormats } from '@/catalog/formats';
import fixtures from '../fixtures/blocks.json';
import { blockScales } from './blocks';

const { mxfp4, mxfp8 } = blockFormats;

test('the scale of a block is the power of two below its largest value over that below the format’s', () => {
  const column = Float32Array.from({ length: 70 }, (_, i) => (i === 3 ? 5.9 : i === 40 ? -16 : 0.25));
  const scales = blockScales(column, [70, 1], mxfp4);
  expect([...new Set(scales.subarray(0, 32))]).toEqual([1]);
  expect([...new Set(scales.subarray(32, 64))]).toEqual([4]);
  expect([...new Set(scales.subarray(64))]).toEqual([2 ** -4]);
  expect(blockScales(Float32Array.of(300, 1), [2, 1], mxfp8)[1]).toBe(1);
});

test('output channels and the places of a kernel have blocks of their own', () => {
  const shape = [2, 1, 2, 2];
  const w = Float32Array.of(4, 8, 1, 1, 16, 32, 1, 1);
  expect([...blockScales(w, shape, mxfp4)]).toEqual([1, 2, 1, 2, 4, 8, 4, 8]);
});

test('zeros have the smallest scale, and what is not finite has none', () => {
  expect(blockScales(Float32Array.of(0, 0), [2, 1], mxfp4)[0]).toBe(2 ** -127);
  expect(blockScales(Float32Array.of(1, Number.NaN), [2, 1], mxfp4)[0]).toBeNaN();
});

test.each(fixtures.cases)(
  'what microxcaling rounds to is on the grid of its block: $format $shape',
  (example) => {
    const format = blockFormats[example.format as keyof typeof blockFormats];
    const scales = blockScales(Float32Array.from(example.x), example.shape, format);
    const units = example.y.map((value, i) => Math.abs(Math.fround(value) / scales[i]!));
    // Multiples of the smallest step, none beyond the largest value; the largest value's binade is used in every block.
    const [step, largest] = format.element === 'e2m1' ? [0.5, 6] : [2 ** -9, 448];
    expect(units.every((unit) => Number.isInteger(unit / step) && unit <= largest)).toBe(true);
    expect(Math.max(...units)).toBeGreaterThan(largest / 2);
  },
);
