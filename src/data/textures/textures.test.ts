import { describe, expect, test } from 'vitest';
import { datasetKinds } from '@/catalog/datasets';
import { generate } from '../generate';
import { type Random, stream } from '../random';
import { type Figure, shapes, textures } from './figures';
import { createTexturePainter } from './index';

const { classNames } = datasetKinds.textures;
const size = 32 * 32 * 3;

test('every class is a shape or a texture, and each of those is a class', () => {
  expect([...classNames].sort()).toEqual([...Object.keys(shapes), ...Object.keys(textures)].sort());
});

test('beside an image, two letters tell the classes apart', () => {
  expect(new Set(classNames.map((name) => name.slice(0, 2))).size).toBe(classNames.length);
});

describe('figures', () => {
  const area = (figure: Figure, reach: number) => {
    const steps = 400;
    let inside = 0;
    for (let i = 0; i < steps; i++)
      for (let j = 0; j < steps; j++) {
        const at = (k: number) => ((k + 0.5) / steps - 0.5) * 2 * reach;
        if (figure(at(i), at(j)) < 0) inside++;
      }
    return (inside / steps ** 2) * (2 * reach) ** 2;
  };
  test('shapes have the area that geometry says', () => {
    expect(area(shapes.disc, 1)).toBeCloseTo(Math.PI * 0.85 ** 2, 1);
    expect(area(shapes.ring, 1)).toBeCloseTo(Math.PI * (0.94 ** 2 - 0.5 ** 2), 1);
    expect(area(shapes.square, 1)).toBeCloseTo(1.5 ** 2, 1);
    // An equilateral triangle whose inner circle has radius r: 3 sqrt(3) r^2.
    expect(area(shapes.triangle, 1.2)).toBeCloseTo(3 * Math.sqrt(3) * 0.55 ** 2, 1);
    expect(area(shapes.cross, 1)).toBeCloseTo(2 * 1.9 * 0.56 - 0.56 ** 2, 1);
  });
  test('textures repeat, and none fills nearly all or nearly nothing', () => {
    for (const figure of Object.values<Figure>(textures)) {
      const share = area(figure, 5) / 100;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.6);
      for (const [u, v] of [
        [0.1, 0.3],
        [0.62, -0.4],
      ] as const)
        expect(figure(u + 3, v - 5)).toBeCloseTo(figure(u, v), 9);
    }
  });
});

test('without noise an image has two colours, the figure’s being the brighter one, and their mixtures', () => {
  const paint = createTexturePainter(0, stream(3, 'textures'));
  const image = new Uint8Array(size);
  classNames.forEach((_, label) => {
    paint(label, image, 0);
    const seen = new Map<string, number>();
    for (let i = 0; i < size; i += 3) {
      const colour = image.subarray(i, i + 3).join();
      seen.set(colour, (seen.get(colour) ?? 0) + 1);
    }
    const [[first = ''] = [], [second = ''] = []] = [...seen].sort((a, b) => b[1] - a[1]);
    const [ground, figure] = [first, second]
      .map((colour) => colour.split(',').map(Number))
      .sort((a, b) => sum(a) - sum(b)) as [number[], number[]];
    expect(sum(figure) - sum(ground)).toBeGreaterThan(0.3 * 3 * 255 - 3);
    // Every pixel lies on the line between the two.
    for (let i = 0; i < size; i += 3) {
      const share = (sum([...image.subarray(i, i + 3)]) - sum(ground)) / (sum(figure) - sum(ground));
      for (let k = 0; k < 3; k++)
        expect(Math.abs(image[i + k]! - ground[k]! - share * (figure[k]! - ground[k]!))).toBeLessThan(3);
    }
  });
});
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

test('the colours do not give the class away', () => {
  const { train, test: tests } = generate({ ...datasetKinds.textures.defaults, samples: 2000 }, 1);
  // The mean colour and its deviation, by nearest neighbour: hardly better than guessing among ten.
  const colours = ({ count, x }: typeof train) =>
    Array.from({ length: count }, (_, row) => {
      const mean = [0, 0, 0];
      for (let i = 0; i < size; i++) mean[i % 3]! += x[row * size + i]! / 1024;
      return mean;
    });
  const known = colours(train);
  const right = colours(tests).filter((colour, i) => {
    let best = 0;
    let nearest = Number.POSITIVE_INFINITY;
    known.forEach((other, j) => {
      const distance = other.reduce((total, value, k) => total + (value - colour[k]!) ** 2, 0);
      if (distance < nearest) [nearest, best] = [distance, j];
    });
    return train.y[best] === tests.y[i];
  });
  expect(right.length / tests.count).toBeLessThan(0.25);
});

test('a figure stays in the image, and noise changes pixels but not where it is', () => {
  // Place and colours are drawn before anything that the noise adds.
  const images = [0, 0.5].map((noise) => {
    const image = new Uint8Array(size);
    const random: Random = stream(9, 'textures');
    createTexturePainter(noise, random)(classNames.indexOf('disc'), image, 0);
    return image;
  }) as [Uint8Array, Uint8Array];
  const [clean, noisy] = images.map((image) =>
    Array.from({ length: 1024 }, (_, i) => sum([...image.subarray(3 * i, 3 * i + 3)])),
  );
  const mean = (values: number[]) => sum(values) / values.length;
  const [a, b] = [mean(clean!), mean(noisy!)];
  const correlation =
    sum(clean!.map((value, i) => (value - a) * (noisy![i]! - b))) /
    Math.sqrt(sum(clean!.map((value) => (value - a) ** 2)) * sum(noisy!.map((value) => (value - b) ** 2)));
  expect(correlation).toBeGreaterThan(0.5);
  expect(noisy).not.toEqual(clean);
  const outside = clean!.filter((_, i) => i < 32 || i >= 992);
  expect(new Set(outside).size).toBe(1);
});
