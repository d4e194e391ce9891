import { describe, expect, test } from 'vitest';
import { corruptions, corruptionsFor } from '@/catalog/corruptions';
import { corrupted } from './corrupt';

const image = Float32Array.from({ length: 2 * 8 * 8 }, (_, i) => ((i * 37) % 64) / 64);
const set = { x: image, count: 2 };
const make = (name: keyof typeof corruptions, level: number) => corrupted(set, [8, 8, 1], name, level, 1);

test.each(Object.keys(corruptions) as (keyof typeof corruptions)[])(
  '%s of level 0 changes nothing',
  (name) => {
    expect(corruptions[name].levels[0]).toBe(0);
    make(name, 0).forEach((v, i) => {
      expect(v).toBeCloseTo(image[i]!, 6);
    });
  },
);

describe('by how much', () => {
  test('noise has its deviation, and is the same each time', () => {
    const plain = { x: new Float32Array(20_000), count: 1 };
    const noisy = corrupted(plain, [20_000], 'noise', 0.3, 7);
    const mean = noisy.reduce((a, b) => a + b) / noisy.length;
    const deviation = Math.sqrt(noisy.reduce((sum, v) => sum + (v - mean) ** 2, 0) / noisy.length);
    expect(deviation).toBeCloseTo(0.3, 2);
    expect(corrupted(plain, [20_000], 'noise', 0.3, 7)).toEqual(noisy);
  });

  test('blur of a point is a Gauss bell of that width', () => {
    const x = new Float32Array(21 * 21);
    x[10 * 21 + 10] = 1;
    const blurred = corrupted({ x, count: 1 }, [21, 21, 1], 'blur', 1.5, 1);
    let [total, spread] = [0, 0];
    blurred.forEach((v, i) => {
      total += v;
      spread += v * ((i % 21) - 10) ** 2;
    });
    expect(total).toBeCloseTo(1, 5);
    expect(Math.sqrt(spread)).toBeCloseTo(1.5, 1);
  });

  test('a quarter turn moves rows to columns', () => {
    const turned = make('rotation', 90);
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++) expect(turned[y * 8 + x]!).toBeCloseTo(image[(7 - x) * 8 + y]!, 4);
  });

  test('lost contrast keeps the mean', () => {
    const flat = make('contrast', 0.5);
    const mean = (v: Float32Array) => v.subarray(0, 64).reduce((a, b) => a + b) / 64;
    expect(mean(flat)).toBeCloseTo(mean(image), 5);
    expect(flat[5]! - mean(flat)).toBeCloseTo((image[5]! - mean(image)) / 2, 5);
  });
});

test('points know noise alone, text nothing', () => {
  expect(corruptionsFor('points')).toEqual(['noise']);
  expect(corruptionsFor('text')).toEqual([]);
});
