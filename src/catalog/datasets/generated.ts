/** The generated datasets: parameters with limits, and words. src/data makes them. */
import { z } from 'zod';
import type { NumberField } from '../fields';
import { digitFields, numberSchema, pointFields } from './fields';

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

export const generatedSchemas = [
  generated('spirals', pointFields),
  generated('circles', pointFields),
  generated('moons', pointFields),
  generated('xor', pointFields),
  generated('gaussians', pointFields),
  generated('digits', digitFields),
] as const;
export type GeneratedSpec = z.infer<(typeof generatedSchemas)[number]>;

export interface DatasetDescriptor<S extends GeneratedSpec> {
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
