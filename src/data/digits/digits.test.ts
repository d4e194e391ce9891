import { describe, expect, test } from 'vitest';
import { stream } from '../random';
import { glyphs } from './glyphs';
import { createDigitPainter } from './index';
import { imageSide } from './raster';

const pixels = imageSide * imageSide;
/** `count` images of each digit. */
function written(noise: number, count: number, seed = 1): Uint8Array[][] {
  const paint = createDigitPainter(noise, stream(seed, 'data'));
  return glyphs.map((_, digit) =>
    Array.from({ length: count }, () => {
      const image = new Uint8Array(pixels);
      paint(digit, image, 0);
      return image;
    }),
  );
}
const distance = (a: Uint8Array, b: Uint8Array) => {
  let sum = 0;
  for (let i = 0; i < pixels; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
};
/** Share of the digits whose nearest neighbour among other images is the same digit. */
function nearestNeighbour(noise: number): number {
  const known = written(noise, 100, 1);
  const asked = written(noise, 20, 2);
  let right = 0;
  asked.forEach((images, digit) => {
    for (const image of images) {
      const best = known.map((others) => Math.min(...others.map((other) => distance(image, other))));
      if (best.indexOf(Math.min(...best)) === digit) right++;
    }
  });
  return right / 200;
}

describe('the glyphs', () => {
  test('are ten, with two variants or more of each', () => {
    expect(glyphs.length).toBe(10);
    for (const variants of glyphs) expect(variants.length).toBeGreaterThan(1);
  });

  test('have strokes of numbers within a box of 14 by 21 pixels', () => {
    for (const { frequency, strokes } of glyphs.flat()) {
      expect(frequency).toBeGreaterThan(0);
      for (const { points, corners } of strokes) {
        expect(points.length).toBe(2 * corners.length);
        expect(corners.length).toBeGreaterThan(1);
        points.forEach((value, i) => {
          expect(Math.abs(value)).toBeLessThanOrEqual(i % 2 === 0 ? 7 : 10.5);
        });
      }
    }
  });
});

test('without noise there are as many different images of a digit as it has variants', () => {
  written(0, 100).forEach((images, digit) => {
    expect(new Set(images.map((image) => image.join())).size).toBe(glyphs[digit]!.length);
  });
});

test('without noise every variant is classified by its nearest neighbour', () => {
  expect(nearestNeighbour(0)).toBe(1);
});

test('with noise no two images are alike', () => {
  const images = written(0.5, 100).flat();
  expect(new Set(images.map((image) => image.join())).size).toBe(images.length);
});

test('more noise makes them harder, from easy to difficult but not hopeless', () => {
  const [little, middle, much] = [0.2, 0.5, 1].map(nearestNeighbour) as [number, number, number];
  expect(little).toBeGreaterThan(0.97);
  expect(middle).toBeGreaterThan(0.75);
  expect(middle).toBeLessThan(little);
  expect(much).toBeLessThan(middle);
  expect(much).toBeGreaterThan(0.35);
});

test('the ink is bright on a dark ground, and stays within the image', () => {
  for (const image of written(0.5, 50).flat()) {
    const bright = image.filter((value) => value > 64).length / pixels;
    expect(bright).toBeGreaterThan(0.015);
    expect(bright).toBeLessThan(0.5);
  }
  const rim = written(0.5, 50)
    .flat()
    .map((image) => image.filter((_, i) => i < imageSide || i >= pixels - imageSide))
    .flatMap((values) => [...values]);
  expect(rim.reduce((sum, value) => sum + value, 0) / rim.length).toBeLessThan(255 * 0.06);
});

test('an image is written where it belongs and nowhere else', () => {
  const row = new Uint8Array(3 * pixels).fill(7);
  createDigitPainter(0.5, stream(1, 'data'))(3, row, pixels);
  expect(row.subarray(0, pixels).every((value) => value === 7)).toBe(true);
  expect(row.subarray(2 * pixels).every((value) => value === 7)).toBe(true);
  expect(row.subarray(pixels, 2 * pixels).some((value) => value > 100)).toBe(true);
});
