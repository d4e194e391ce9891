import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  datasetInfo,
  datasetKinds,
  datasetSchema,
  type GeneratedSpec,
  type TextKind,
} from '@/catalog/datasets';
import { volume } from '@/catalog/layers';
import { classCounts, type Split } from './dataset';
import { generate } from './generate';

type Kind = Exclude<GeneratedSpec['kind'], TextKind>;
/** The text kinds have tests of their own. */
const kinds = (Object.keys(datasetKinds) as GeneratedSpec['kind'][]).filter(
  (kind): kind is Kind => datasetKinds[kind].view !== 'text',
);
const pointKinds = kinds.filter((kind) => datasetKinds[kind].view === 'points');
const isImages = (kind: Kind) => datasetKinds[kind].view === 'images';
const spec = (kind: Kind, changes: Partial<GeneratedSpec> = {}) =>
  ({ ...datasetKinds[kind].defaults, ...changes }) as GeneratedSpec;

interface Point {
  x: number;
  y: number;
  label: number;
}
const pointsOf = ({ count, x, y }: Split): Point[] =>
  Array.from({ length: count }, (_, i) => ({ x: x[2 * i]!, y: x[2 * i + 1]!, label: y[i]! }));
/** All points of a figure, both parts. */
const figure = (kind: Kind, changes: Partial<GeneratedSpec> = {}) => {
  const { train, test } = generate(spec(kind, changes), 1);
  return [...pointsOf(train), ...pointsOf(test)];
};
/** Share of the test points whose nearest training point has their class. */
const nearestNeighbour = (kind: Kind, changes: Partial<GeneratedSpec> = {}) => {
  const { train, test } = generate(spec(kind, changes), 1);
  const known = pointsOf(train);
  const right = pointsOf(test).filter(({ x, y, label }) => {
    const distance = (p: Point) => (p.x - x) ** 2 + (p.y - y) ** 2;
    return known.reduce((best, p) => (distance(p) < distance(best) ? p : best)).label === label;
  });
  return right.length / test.count;
};

describe.each(kinds)('%s', (kind) => {
  test('has the counts, shapes and classes that datasetInfo foretells, balanced in both parts', () => {
    const most = isImages(kind) ? 400 : 1000;
    fc.assert(
      fc.property(
        fc.integer({ min: isImages(kind) ? 200 : 40, max: most }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (samples, testShare, noise, validationShare, seed) => {
          const asked = datasetSchema.parse({ kind, samples, testShare, noise, validationShare });
          const { label: _, ...info } = datasetInfo(asked);
          const made = generate(asked as GeneratedSpec, seed);
          const { view, inputShape, classNames, train, validation, test } = made;
          expect({
            view,
            inputShape,
            classes: classNames.length,
            train: train.count,
            validation: validation.count,
            test: test.count,
          }).toEqual(info);
          expect(made.labelsPerExample).toBe(1);
          for (const { count, x, y } of [train, validation, test]) {
            expect(x.length).toBe(count * volume(inputShape));
            expect(y.length).toBe(count);
            const perClass = classCounts({ y }, classNames.length);
            expect(perClass.reduce((a, b) => a + b)).toBe(count);
            expect(Math.max(...perClass) - Math.min(...perClass)).toBeLessThanOrEqual(1);
            expect(x.every(Number.isFinite)).toBe(true);
          }
        },
      ),
      { numRuns: isImages(kind) ? 10 : 40 },
    );
  });

  test('gives its validation part from the training part, and leaves the test part as it was', () => {
    const before = generate(spec(kind, { samples: 200, validationShare: 0 }), 4);
    const after = generate(spec(kind, { samples: 200, validationShare: 0.3 }), 4);
    const { length } = before.test.x;
    const size = length / before.test.count;
    const rows = ({ count, x, y }: Split) =>
      Array.from({ length: count }, (_, i) => `${y[i]}: ${x.subarray(i * size, (i + 1) * size)}`);
    expect(after.test).toEqual(before.test);
    expect([...rows(after.train), ...rows(after.validation)].sort()).toEqual(rows(before.train).sort());
    expect(before.validation).toMatchObject({ count: 0 });
  });

  test('is the same for the same seed and another for another', () => {
    const asked = spec(kind, { samples: 200 });
    expect(generate(asked, 9)).toEqual(generate(asked, 9));
    expect(generate(asked, 10).train.x).not.toEqual(generate(asked, 9).train.x);
  });

  test('has its examples in random order', () => {
    const { y } = generate(spec(kind, { samples: 1000 }), 1).train;
    const same = y.filter((label, i) => label === y[i + 1]).length / y.length;
    expect(Math.abs(same - (isImages(kind) ? 0.1 : 0.5))).toBeLessThan(0.08);
  });
});

/** SHA-256 of 300 examples of seed 7, as version 1 of the link format made them when it was published. */
const published = {
  spirals: 'cd59cfd3bef32bd9',
  circles: '32eb8ddaa993eed4',
  moons: 'ea66fb90a6c942c3',
  xor: '841eff1d1dd576fd',
  gaussians: '4b7ecbc8ca90a04b',
  digits: '7269245f00c5008c',
};
test.each(Object.entries(published))('%s of a published link is the same to the last bit', (kind, digest) => {
  const { train, test } = generate(spec(kind as Kind, { samples: 300, validationShare: 0 }), 7);
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [train.x, train.y, test.x, test.y])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  expect(hash.digest('hex').slice(0, 16)).toBe(digest);
});

test.each(pointKinds)('%s stays near the field of ±1.2 at its default noise', (kind) => {
  const points = figure(kind);
  const far = points.filter(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)) > 1.2);
  expect(far.length / points.length).toBeLessThan(0.02);
  expect(Math.max(...points.map(({ x, y }) => Math.max(Math.abs(x), Math.abs(y))))).toBeGreaterThan(0.9);
});

describe('without noise the classes lie where the figure says', () => {
  test('on the arms of two spirals of 1.75 turns, half a turn apart', () => {
    for (const { x, y, label } of figure('spirals', { noise: 0 })) {
      const radius = Math.hypot(x, y);
      const turns = Math.atan2(y, x) / (2 * Math.PI) - label / 2 - (1.75 * (radius - 0.1)) / 0.9;
      expect(radius).toBeGreaterThan(0.0999);
      expect(radius).toBeLessThan(1.0001);
      expect(turns - Math.round(turns)).toBeCloseTo(0, 5);
    }
  });

  test('in a disc of radius 0.45 and on a circle of radius 0.95', () => {
    for (const { x, y, label } of figure('circles', { noise: 0 })) {
      if (label === 0) expect(Math.hypot(x, y)).toBeLessThan(0.4501);
      else expect(Math.hypot(x, y)).toBeCloseTo(0.95, 6);
    }
  });

  test('on two half circles of radius 2/3 that hook into each other', () => {
    for (const { x, y, label } of figure('moons', { noise: 0 })) {
      const [cx, cy] = label === 0 ? [-1 / 3, -1 / 6] : [1 / 3, 1 / 6];
      expect(Math.hypot(x - cx, y - cy)).toBeCloseTo(2 / 3, 6);
      expect((y - cy) * (label === 0 ? 1 : -1)).toBeGreaterThan(-1e-6);
    }
  });

  test('in opposite quadrants, all four equally full', () => {
    const points = figure('xor', { noise: 0, samples: 4000 });
    for (const { x, y, label } of points) expect(x * y > 0 ? 0 : 1).toBe(label);
    for (const sign of [-1, 1]) {
      for (const label of [0, 1]) {
        const quadrant = points.filter((p) => p.label === label && p.x * sign > 0);
        expect(Math.abs(quadrant.length - 1000)).toBeLessThan(120);
      }
    }
  });
});

test('the spirals are those of an independent implementation (Python, its own cosine), to the last bit', () => {
  const { train } = generate(
    { kind: 'spirals', samples: 40, noise: 0.04, testShare: 0.5, validationShare: 0 },
    42,
  );
  expect([...train.x.subarray(0, 6)]).toEqual([
    0.11635176092386246, 0.9367979168891907, 0.45171740651130676, -0.35428735613822937, -0.2933034896850586,
    0.6904468536376953,
  ]);
  expect([...train.y]).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0]);
});

test('the noise is the deviation that the spec asks for', () => {
  const points = figure('gaussians', { samples: 20_000, noise: 0.3 }).filter(({ label }) => label === 1);
  const deviation = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  };
  expect(deviation(points.map(({ x }) => x))).toBeCloseTo(0.3, 2);
  expect(deviation(points.map(({ y }) => y))).toBeCloseTo(0.3, 2);
});

test('a straight line separates the gaussians as well as theory says', () => {
  const points = figure('gaussians', { samples: 20_000, noise: 0.5 });
  const right = points.filter(({ x, y, label }) => (0.5 * x + 0.4 * y > 0 ? 1 : 0) === label);
  // Half the distance of the centres is sqrt(0.41) = 1.2806 deviations; the normal distribution function gives 0.8998.
  expect(Math.abs(right.length / points.length - 0.8998)).toBeLessThan(0.01);
});

test('no straight line separates the spirals, but the nearest neighbour does', () => {
  const points = figure('spirals');
  for (let direction = 0; direction < 24; direction++) {
    const angle = (direction / 24) * 2 * Math.PI;
    const right = points.filter(
      ({ x, y, label }) => (x * Math.cos(angle) + y * Math.sin(angle) > 0 ? 1 : 0) === label,
    );
    expect(right.length / points.length).toBeLessThan(0.75);
  }
  expect(nearestNeighbour('spirals')).toBeGreaterThan(0.97);
});

test.each(pointKinds)('%s is learnable at its default noise and hopeless noise spoils it', (kind) => {
  expect(nearestNeighbour(kind)).toBeGreaterThan(0.95);
  if (kind !== 'gaussians') expect(nearestNeighbour(kind, { noise: 1 })).toBeLessThan(0.8);
});
