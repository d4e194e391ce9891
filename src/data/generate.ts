/** Makes the generated datasets. The same spec and seed give the same bytes on every machine. */
import { datasetInfo, type GeneratedSpec } from '@/catalog/datasets';
import { volume } from '@/catalog/layers';
import type { Dataset, Split } from './dataset';
import { createDigitPainter } from './digits';
import { figures, type PointKind } from './points';
import { type Random, stream } from './random';

/** Writes example after example of the asked class into consecutive rows. */
interface Source<Values> {
  allocate(length: number): Values;
  write(label: number, values: Values, offset: number): void;
}
/** Makes the training and the test part. */
type Generator = (spec: GeneratedSpec, random: Random) => [train: Split, test: Split];

const points =
  (kind: PointKind): Generator =>
  (spec, random) =>
    splits(spec, random, {
      allocate: (length) => new Float32Array(length),
      write(label, values, offset) {
        const [x, y] = figures[kind](label, random);
        values[offset] = x + spec.noise * random.normal();
        values[offset + 1] = y + spec.noise * random.normal();
      },
    });

const generators = {
  spirals: points('spirals'),
  circles: points('circles'),
  moons: points('moons'),
  xor: points('xor'),
  gaussians: points('gaussians'),
  digits: (spec, random) => {
    const paint = createDigitPainter(spec.noise, random);
    return splits(spec, random, { allocate: (length) => new Uint8Array(length), write: paint });
  },
} as const satisfies Record<GeneratedSpec['kind'], Generator>;

/**
 * The dataset of a spec: points as float32, mostly within ±1.2 at the default noise, or 28x28 images as bytes. Classes are
 * equally frequent in both parts, to within one example.
 */
export function generate(spec: GeneratedSpec, seed: number): Dataset {
  const { view, inputShape, classes } = datasetInfo(spec);
  const [train, test] = generators[spec.kind](spec, stream(seed, 'data'));
  const classNames = Array.from({ length: classes }, (_, label) => String(label));
  return { view, inputShape, classNames, train, test };
}

/** Training and test part, each with its examples in random order. */
function splits<Values extends Split['x']>(
  spec: GeneratedSpec,
  random: Random,
  source: Source<Values>,
): [train: Split, test: Split] {
  const { train, test, inputShape, classes } = datasetInfo(spec);
  const size = volume(inputShape);
  // The classes take turns, through the end of one part into the next: both parts and the whole are balanced.
  let drawn = 0;
  const part = (count: number): Split => {
    const x = source.allocate(count * size);
    const y = new Uint8Array(count);
    const order = random.permutation(count);
    for (const row of order) {
      const label = drawn++ % classes;
      source.write(label, x, row * size);
      y[row] = label;
    }
    return { count, x, y };
  };
  return [part(train), part(test)];
}
