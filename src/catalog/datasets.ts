/**
 * Dataset kinds: parameters with limits, and what can be known of a dataset without making it (shape, classes, counts).
 * src/data holds the generators and loaders.
 */
import { z } from 'zod';
import type { ChoiceField, Field, NumberField } from './fields';
import type { Shape } from './layers';

const samplesField = (min: number) =>
  ({
    type: 'number',
    key: 'samples',
    label: 'Examples',
    token: 'n=',
    min,
    max: 20_000,
    integer: true,
    help: 'Size of the generated dataset, training and test together.',
  }) as const satisfies NumberField;
const noiseField = {
  type: 'number',
  key: 'noise',
  label: 'Noise',
  token: 'noise=',
  min: 0,
  max: 1,
  integer: false,
  help: 'Standard deviation of the scatter, relative to the radius of the figure.',
} as const satisfies NumberField;
const distortionField = {
  ...noiseField,
  help: 'Strength of slant, shift, distortion and noise: 0 draws clean digits.',
} as const satisfies NumberField;
const testShareField = {
  type: 'number',
  key: 'testShare',
  label: 'Test share',
  token: 'test=',
  min: 0.1,
  max: 0.9,
  integer: false,
  help: 'Share of the examples that is kept out of training.',
} as const satisfies NumberField;
const pointFields = [samplesField(40), noiseField, testShareField] as const;
const digitFields = [samplesField(200), distortionField, testShareField] as const;

const numberSchema = ({ min, max, integer }: NumberField) =>
  (integer ? z.int() : z.number()).min(min).max(max);

const generated = <K extends string>(
  kind: K,
  [samples, noise, testShare]: typeof pointFields | typeof digitFields,
) =>
  z.strictObject({
    kind: z.literal(kind),
    /** Number of examples, training and test together. */
    samples: numberSchema(samples),
    /** Standard deviation of the noise as a fraction of the figure's radius; for digits the strength of distortion. */
    noise: numberSchema(noise),
    /** Fraction of the examples that is kept for testing. */
    testShare: numberSchema(testShare),
  });

/** Longest name of a file in an experiment, in bytes of UTF-8, so that a link that carries it stays short. */
export const maxFileNameBytes = 120;
const utf8Bytes = (text: string) => new TextEncoder().encode(text).length;
/** Control characters, halves of surrogate pairs and marks that turn the writing direction: a name without them shows as what it is. */
const hidden = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** A file's name: shown, never used as a path. */
export const fileNameSchema = z
  .string()
  .min(1)
  .max(maxFileNameBytes)
  .refine((name) => !hidden.test(name) && utf8Bytes(name) <= maxFileNameBytes, {
    message: `A name may have ${maxFileNameBytes} bytes and no hidden characters.`,
  });

/** Any name as one that an experiment may carry: hidden characters become "_", and it is cut so that the suffix has room. */
export function fileName(name: string, suffix = ''): string {
  const shown = [...name.slice(0, 2 * maxFileNameBytes)].map((character) =>
    hidden.test(character) ? '_' : character,
  );
  while (utf8Bytes(shown.join('') + suffix) > maxFileNameBytes) shown.pop();
  return `${shown.join('') || 'unnamed'}${suffix}`;
}

export const fileFormats = {
  idx: { label: 'IDX', token: 'idx', help: 'Images and labels as MNIST has them, gzipped or not.' },
  csv: { label: 'CSV', token: 'csv', help: 'A table with one example in each row.' },
} as const;
const axis = (max: number) => z.int().min(1).max(max);

/** The person's own data: never carried by a link, only described, so that the same file can be asked for. */
const own = z.strictObject({
  kind: z.literal('own'),
  format: z.enum(Object.keys(fileFormats) as [keyof typeof fileFormats, ...(keyof typeof fileFormats)[]]),
  name: fileNameSchema,
  /** Size of the raw files in bytes. */
  bytes: axis(2 ** 31),
  /** First 16 hexadecimal digits of the SHA-256 of the raw files, one after the other. */
  hash: z.string().regex(/^[0-9a-f]{16}$/),
  train: axis(1_000_000),
  test: axis(1_000_000),
  /** [height, width, channels] of images, [features] of a table. */
  shape: z.union([z.tuple([axis(256), axis(256), axis(4)]), z.tuple([axis(4096)])]),
  classes: z.int().min(2).max(100),
  /** Column of a CSV that holds the class, counted from 0. */
  label: z.int().min(0).max(4096).optional(),
});

export const datasetSchema = z.discriminatedUnion('kind', [
  generated('spirals', pointFields),
  generated('circles', pointFields),
  generated('moons', pointFields),
  generated('xor', pointFields),
  generated('gaussians', pointFields),
  generated('digits', digitFields),
  own,
]);
export type DatasetSpec = z.infer<typeof datasetSchema>;
export type DatasetKind = DatasetSpec['kind'];
export type GeneratedSpec = Exclude<DatasetSpec, { kind: 'own' }>;
export type OwnSpec = Extract<DatasetSpec, { kind: 'own' }>;

/** How the page draws it: a field with points, a grid of images, or neither. */
export type DatasetView = 'points' | 'images' | 'table';

export interface DatasetDescriptor<S extends DatasetSpec> {
  label: string;
  token: string;
  help: string;
  defaults: S;
  /** The parameters, in the order shown. */
  fields: readonly NumberField[];
}

const share = { testShare: 0.5 };
export const datasetKinds = {
  spirals: {
    label: 'Two spirals',
    token: 'spirals',
    help: 'Two arms wound into each other. The boundary between them is long and curved, so lost bits show at once.',
    defaults: { kind: 'spirals', samples: 1600, noise: 0.04, ...share },
    fields: pointFields,
  },
  circles: {
    label: 'Circles',
    token: 'circles',
    help: 'A disc inside a ring: the boundary is a closed curve.',
    defaults: { kind: 'circles', samples: 1000, noise: 0.1, ...share },
    fields: pointFields,
  },
  moons: {
    label: 'Moons',
    token: 'moons',
    help: 'Two half-moons that hook into each other.',
    defaults: { kind: 'moons', samples: 1000, noise: 0.1, ...share },
    fields: pointFields,
  },
  xor: {
    label: 'XOR',
    token: 'xor',
    help: 'Opposite quadrants share a class: no straight line separates them.',
    defaults: { kind: 'xor', samples: 1000, noise: 0.05, ...share },
    fields: pointFields,
  },
  gaussians: {
    label: 'Gaussians',
    token: 'gaussians',
    help: 'Two round clouds that overlap: one straight line separates them as well as anything.',
    defaults: { kind: 'gaussians', samples: 1000, noise: 0.25, ...share },
    fields: pointFields,
  },
  digits: {
    label: 'Digits',
    token: 'digits',
    help: 'The ten digits as 28×28 images, drawn from strokes with random slant, thickness, shift, distortion and noise.',
    defaults: { kind: 'digits', samples: 5000, noise: 0.5, testShare: 0.2 },
    fields: digitFields,
  },
} as const satisfies { [K in GeneratedSpec['kind']]: DatasetDescriptor<Extract<GeneratedSpec, { kind: K }>> };

const ownNumber = (key: string, label: string, min: number, max: number, help: string) =>
  ({
    type: 'number',
    key,
    label,
    token: `${key}=`,
    min,
    max,
    integer: true,
    help,
  }) as const satisfies NumberField;

/** Own data, described: what a link carries of it, in that order. */
export const ownData = {
  label: 'Own data',
  token: 'own',
  help: 'Your IDX or CSV files. They are read in this page and never uploaded.',
  fields: [
    {
      type: 'choice',
      key: 'format',
      label: 'Format',
      help: 'How the file is read.',
      options: fileFormats,
    } satisfies ChoiceField,
    {
      type: 'text',
      key: 'name',
      label: 'Name',
      token: 'name=',
      help: 'Name of the file, to ask for it again.',
    },
    ownNumber('bytes', 'Size', 1, 2 ** 31, 'Size of the files in bytes.'),
    {
      type: 'text',
      key: 'hash',
      label: 'Hash',
      token: 'hash=',
      help: 'First 16 hexadecimal digits of the SHA-256 of the files: tells whether a file is the same one.',
    },
    ownNumber('train', 'Training examples', 1, 1_000_000, 'Examples to train on.'),
    ownNumber('test', 'Test examples', 1, 1_000_000, 'Examples kept out of training.'),
    {
      type: 'shape',
      key: 'shape',
      label: 'Shape',
      token: 'shape=',
      help: 'Height, width and channels of an image, or the number of features of a row.',
    },
    ownNumber('classes', 'Classes', 2, 100, 'How many different labels there are.'),
    {
      ...ownNumber('label', 'Label column', 0, 4096, 'Column that holds the class, from 0.'),
      optional: true,
    },
  ],
} as const satisfies { label: string; token: string; help: string; fields: readonly Field[] };

export interface DatasetInfo {
  label: string;
  view: DatasetView;
  inputShape: Shape;
  classes: number;
  train: number;
  test: number;
}

/** What follows from the description alone; equals what src/data makes (tested there). */
export function datasetInfo(spec: DatasetSpec): DatasetInfo {
  if (spec.kind === 'own') {
    const { name, shape, classes, train, test } = spec;
    const view = shape.length === 3 ? 'images' : shape[0] === 2 ? 'points' : 'table';
    return { label: name, view, inputShape: shape, classes, train, test };
  }
  const test = Math.round(spec.samples * spec.testShare);
  const counts = { train: spec.samples - test, test, label: datasetKinds[spec.kind].label };
  return spec.kind === 'digits'
    ? { ...counts, view: 'images', inputShape: [28, 28, 1], classes: 10 }
    : { ...counts, view: 'points', inputShape: [2], classes: 2 };
}
