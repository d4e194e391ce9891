/**
 * Dataset kinds: parameters with limits, and what can be known of a dataset without making it (shape, classes, counts).
 * src/data holds the generators and loaders.
 */
import { z } from 'zod';
import type { Shape } from './layers';

/** Number of examples of a generated dataset, training and test together. */
const samples = (min: number, max: number) => z.int().min(min).max(max);
/** Fraction of the examples that is kept for testing. */
const testShare = z.number().min(0.1).max(0.9);
/** Standard deviation of the noise as a fraction of the figure's radius; for digits the strength of distortion. */
const noise = z.number().min(0).max(1);

const points = <K extends string>(kind: K) =>
  z.strictObject({ kind: z.literal(kind), samples: samples(40, 20_000), noise, testShare });

const digits = z.strictObject({ kind: z.literal('digits'), samples: samples(200, 20_000), noise, testShare });

/** A file's name: shown, never used as a path. */
const fileName = z.string().min(1).max(120);

/** The person's own data: never carried by a link, only described, so that the same file can be asked for. */
const own = z.strictObject({
  kind: z.literal('own'),
  format: z.enum(['idx', 'csv']),
  name: fileName,
  /** Size of the raw files in bytes. */
  bytes: z
    .int()
    .min(1)
    .max(2 ** 31),
  /** First 16 hexadecimal digits of the SHA-256 of the raw files, one after the other. */
  hash: z.string().regex(/^[0-9a-f]{16}$/),
  train: z.int().min(1).max(1_000_000),
  test: z.int().min(1).max(1_000_000),
  /** [height, width, channels] of images, [features] of a table. */
  shape: z.union([
    z.tuple([z.int().min(1).max(256), z.int().min(1).max(256), z.int().min(1).max(4)]),
    z.tuple([z.int().min(1).max(4096)]),
  ]),
  classes: z.int().min(2).max(100),
  /** Column of a CSV that holds the class, counted from 0. */
  label: z.int().min(0).max(4096).optional(),
});

export const datasetSchema = z.discriminatedUnion('kind', [
  points('spirals'),
  points('circles'),
  points('moons'),
  points('xor'),
  points('gaussians'),
  digits,
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
}

const share = { testShare: 0.5 };
export const datasetKinds = {
  spirals: {
    label: 'Two spirals',
    token: 'spirals',
    help: 'Two arms wound into each other: needs a wiggly boundary, so it feels every bit.',
    defaults: { kind: 'spirals', samples: 1600, noise: 0.04, ...share },
  },
  circles: {
    label: 'Circles',
    token: 'circles',
    help: 'A disc inside a ring.',
    defaults: { kind: 'circles', samples: 1000, noise: 0.1, ...share },
  },
  moons: {
    label: 'Moons',
    token: 'moons',
    help: 'Two half-moons that hook into each other.',
    defaults: { kind: 'moons', samples: 1000, noise: 0.1, ...share },
  },
  xor: {
    label: 'XOR',
    token: 'xor',
    help: 'Opposite quadrants share a class: no straight line separates them.',
    defaults: { kind: 'xor', samples: 1000, noise: 0.05, ...share },
  },
  gaussians: {
    label: 'Gaussians',
    token: 'gaussians',
    help: 'Two clouds; one straight line does.',
    defaults: { kind: 'gaussians', samples: 1000, noise: 0.25, ...share },
  },
  digits: {
    label: 'Digits',
    token: 'digits',
    help: 'The ten digits as 28×28 images, drawn from strokes with random slant, thickness, shift, distortion and noise.',
    defaults: { kind: 'digits', samples: 5000, noise: 0.5, testShare: 0.2 },
  },
} as const satisfies { [K in GeneratedSpec['kind']]: DatasetDescriptor<Extract<GeneratedSpec, { kind: K }>> };

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
