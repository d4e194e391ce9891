/** The generated datasets: parameters with limits, shapes, and words. src/data makes them. */
import { z } from 'zod';
import type { NumberField } from '../fields';
import type { Shape } from '../layers';
import { digitFields, numberSchema, pointFields } from './fields';

/** How the page draws it: a field with points, a grid of images, lines of text, or neither. */
export type DatasetView = 'points' | 'images' | 'table' | 'text';

/** What a text dataset is written in. Its inputs are ids, as float values; its classes are the vocabulary. */
export interface TextInfo {
  /** Tokens of one character each; a token's index is its id. */
  vocabulary: readonly string[];
  /** Positions of the input. */
  length: number;
  /** Id that fills the positions after the end. */
  padding: number;
  /** Id that ends an answer. */
  end: number;
}

const generated = <K extends string>(
  kind: K,
  [samples, noise, testShare, validationShare]: typeof pointFields | typeof digitFields,
) =>
  z.strictObject({
    kind: z.literal(kind),
    /** Number of examples, all parts together. */
    samples: numberSchema(samples),
    /** Standard deviation of the noise as a fraction of the figure's radius; for images the strength of distortion. */
    noise: numberSchema(noise),
    /** Fraction of the examples that is kept for testing. */
    testShare: numberSchema(testShare),
    /** Fraction of the other examples that is kept for validation. */
    validationShare: numberSchema(validationShare).default(validationShare.omitted),
  });

export const generatedSchemas = [
  generated('spirals', pointFields),
  generated('circles', pointFields),
  generated('moons', pointFields),
  generated('xor', pointFields),
  generated('gaussians', pointFields),
  generated('digits', digitFields),
] as const;
export type GeneratedSpec = z.infer<(typeof generatedSchemas)[number]>;

export interface DatasetDescriptor<S extends GeneratedSpec = GeneratedSpec> {
  label: string;
  token: string;
  help: string;
  defaults: S;
  /** The parameters, in the order shown. */
  fields: readonly NumberField[];
  view: DatasetView;
  /** Of one example. */
  inputShape: Shape;
  /** In order of their numbers; of text, the vocabulary. */
  classNames: readonly string[];
  text?: TextInfo;
}

const points = {
  fields: pointFields,
  view: 'points',
  inputShape: [2],
  classNames: ['0', '1'],
} as const;
const shares = { testShare: 0.5, validationShare: 0 };

export const datasetKinds = {
  spirals: {
    ...points,
    label: 'Two spirals',
    token: 'spirals',
    help: 'Two arms wound into each other. The boundary between them is long and curved, so lost bits show at once.',
    defaults: { kind: 'spirals', samples: 1600, noise: 0.04, ...shares },
  },
  circles: {
    ...points,
    label: 'Circles',
    token: 'circles',
    help: 'A disc inside a ring: the boundary is a closed curve.',
    defaults: { kind: 'circles', samples: 1000, noise: 0.1, ...shares },
  },
  moons: {
    ...points,
    label: 'Moons',
    token: 'moons',
    help: 'Two half-moons that hook into each other.',
    defaults: { kind: 'moons', samples: 1000, noise: 0.1, ...shares },
  },
  xor: {
    ...points,
    label: 'XOR',
    token: 'xor',
    help: 'Opposite quadrants share a class: no straight line separates them.',
    defaults: { kind: 'xor', samples: 1000, noise: 0.05, ...shares },
  },
  gaussians: {
    ...points,
    label: 'Gaussians',
    token: 'gaussians',
    help: 'Two round clouds that overlap: one straight line separates them as well as anything.',
    defaults: { kind: 'gaussians', samples: 1000, noise: 0.25, ...shares },
  },
  digits: {
    label: 'Digits',
    token: 'digits',
    help: 'The ten digits as 28×28 images, drawn from strokes with random slant, thickness, shift, distortion and noise.',
    defaults: { kind: 'digits', samples: 5000, noise: 0.5, testShare: 0.2, validationShare: 0 },
    fields: digitFields,
    view: 'images',
    inputShape: [28, 28, 1],
    classNames: [...'0123456789'],
  },
} as const satisfies { [K in GeneratedSpec['kind']]: DatasetDescriptor<Extract<GeneratedSpec, { kind: K }>> };
