/** Makes the generated datasets. The same spec and seed give the same bytes on every machine. */
import { type DatasetDescriptor, datasetInfo, datasetKinds, type GeneratedSpec } from '@/catalog/datasets';
import { volume } from '@/catalog/layers';
import { type Dataset, emptySplit, rowsOfSplit, type Split } from './dataset';
import { createDigitPainter } from './digits';
import { figures, type PointKind, type PointSpec } from './points';
import { type Random, stream } from './random';
import { textParts } from './text';
import { createTexturePainter } from './textures';

/** Writes example after example of the asked class into consecutive rows. */
interface Source<Values> {
  allocate(length: number): Values;
  write(label: number, values: Values, offset: number): void;
}
type Parts = Pick<Dataset, 'train' | 'validation' | 'test'>;
/** Makes the three parts. */
type Generator<S extends GeneratedSpec> = (spec: S, random: Random) => Parts;

const points =
  (kind: PointKind): Generator<PointSpec> =>
  (spec, random) =>
    splits(spec, random, {
      allocate: (length) => new Float32Array(length),
      write(label, values, offset) {
        const [x, y] = figures[kind](label, random);
        values[offset] = x + spec.noise * random.normal();
        values[offset + 1] = y + spec.noise * random.normal();
      },
    });

const bytes = (length: number) => new Uint8Array(length);

const generators: { [K in GeneratedSpec['kind']]: Generator<Extract<GeneratedSpec, { kind: K }>> } = {
  spirals: points('spirals'),
  circles: points('circles'),
  moons: points('moons'),
  xor: points('xor'),
  gaussians: points('gaussians'),
  digits: (spec, random) =>
    splits(spec, random, { allocate: bytes, write: createDigitPainter(spec.noise, random) }),
  textures: (spec, random) =>
    splits(spec, random, { allocate: bytes, write: createTexturePainter(spec.noise, random) }),
  addition: textParts,
  reversing: textParts,
  brackets: textParts,
};

/**
 * The dataset of a spec: points as float32, mostly within ±1.2 at the default noise, images as bytes, or text as ids.
 * Classes of points and images are equally frequent in every part, to within one example. A validation share takes
 * examples from the training part: which those are, and the test part, does not depend on it.
 */
export function generate(spec: GeneratedSpec, seed: number): Dataset {
  const { view, inputShape, classNames, text }: DatasetDescriptor = datasetKinds[spec.kind];
  const make = generators[spec.kind] as Generator<GeneratedSpec>;
  return {
    ...{ view, inputShape, classNames: [...classNames], labelsPerExample: text?.length ?? 1 },
    ...make(spec, stream(seed, 'data')),
  };
}

/** The parts, each with its examples in random order. */
function splits<Values extends Split['x']>(
  spec: GeneratedSpec,
  random: Random,
  source: Source<Values>,
): Parts {
  const { train, validation, test, inputShape, classes } = datasetInfo(spec);
  const size = volume(inputShape);
  // The classes take turns, through the end of one part into the next: every part and the whole are balanced.
  let drawn = 0;
  const part = (count: number, apart = 0): [kept: Split, apart: Split] => {
    const x = source.allocate(count * size);
    const y = new Uint8Array(count);
    const order = random.permutation(count);
    for (const row of order) {
      const label = drawn++ % classes;
      source.write(label, x, row * size);
      y[row] = label;
    }
    const all = { count, x, y };
    // Those drawn last are set apart: the classes took turns among them as among the others.
    return apart === 0
      ? [all, emptySplit(all)]
      : [rowsOfSplit(all, order.slice(0, -apart).sort()), rowsOfSplit(all, order.slice(-apart).sort())];
  };
  const [training, chosen] = part(train + validation, validation);
  return { train: training, validation: chosen, test: part(test)[0] };
}
