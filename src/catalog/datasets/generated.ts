/** The generated datasets: parameters with limits, shapes, and words. src/data makes them. */
import { z } from 'zod';
import type { NumberField } from '../fields';
import type { Shape } from '../layers';
import { digitFields, numberSchema, pointFields, textFields, textureFields } from './fields';
import { type TextInfo, type TextKind, textShape } from './text';

/** How the page draws it: a field with points, a grid of images, lines of text, or neither. */
export type DatasetView = 'points' | 'images' | 'table' | 'text';

const generated = <K extends string>(
  kind: K,
  [samples, noise, testShare, validationShare]:
    | typeof pointFields
    | typeof digitFields
    | typeof textureFields,
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

const text = <K extends TextKind>(kind: K) => {
  const [samples, testShare, validationShare] = textFields[kind];
  return z.strictObject({
    kind: z.literal(kind),
    /** As above. */
    samples: numberSchema(samples),
    testShare: numberSchema(testShare),
    validationShare: numberSchema(validationShare).default(validationShare.omitted),
  });
};

export const generatedSchemas = [
  generated('spirals', pointFields),
  generated('circles', pointFields),
  generated('moons', pointFields),
  generated('xor', pointFields),
  generated('gaussians', pointFields),
  generated('digits', digitFields),
  generated('textures', textureFields),
  text('addition'),
  text('reversing'),
  text('brackets'),
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
const threeParts = { testShare: 0.2, validationShare: 0.1 };

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
  textures: {
    label: 'Textures',
    token: 'textures',
    help: 'Five shapes and five textures as 32×32 colour images, turned, scaled and noisy. The colours are random and tell nothing about the class.',
    defaults: { kind: 'textures', samples: 5000, noise: 0.5, ...threeParts },
    fields: textureFields,
    view: 'images',
    inputShape: [32, 32, 3],
    classNames: [
      ...['disc', 'ring', 'square', 'triangle', 'cross'],
      ...['stripes', 'checks', 'dots', 'grid', 'waves'],
    ],
  },
  addition: {
    ...textShape('addition'),
    label: 'Addition',
    token: 'addition',
    help: 'Sums of two numbers below 100, such as 12+34=46: the network writes the sum, digit by digit. No sum of one part is in another.',
    defaults: { kind: 'addition', samples: 10_000, ...threeParts },
    fields: textFields.addition,
  },
  reversing: {
    ...textShape('reversing'),
    label: 'Reversing',
    token: 'reversing',
    help: 'Three to six random letters to be written backwards: abc=cba. It takes looking at the right place, not knowing words.',
    defaults: { kind: 'reversing', samples: 10_000, ...threeParts },
    fields: textFields.reversing,
  },
  brackets: {
    ...textShape('brackets'),
    label: 'Brackets',
    token: 'brackets',
    help: 'Is every bracket closed by its own kind, in order? ([])=y and ([)]=n: it takes keeping count of what is open.',
    defaults: { kind: 'brackets', samples: 10_000, ...threeParts },
    fields: textFields.brackets,
  },
} as const satisfies { [K in GeneratedSpec['kind']]: DatasetDescriptor<Extract<GeneratedSpec, { kind: K }>> };
