/** Dense layer: every output is a weighted sum of every input. An image before it is flattened; a sequence is not. */
import { z } from 'zod';
import { activationField, activationFunctionSchema } from '../activations';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import { type LayerDescriptor, type LayerField, type Shape, volume } from './descriptor';
import { normalizationField, normalizationSchema, normalizedParameters } from './normalization';

const units = {
  type: 'number',
  key: 'units',
  label: 'Units',
  token: '',
  min: 1,
  max: 1024,
  integer: true,
  optional: true,
  help: 'How many outputs the layer has.',
} as const satisfies LayerField;

const schema = z.strictObject({
  kind: z.literal('dense'),
  /** Absent on the last layer, and only there: it has one unit for each class. */
  units: z.int().min(units.min).max(units.max).optional(),
  norm: normalizationSchema,
  activation: activationFunctionSchema,
  weights: weightSiteSchema,
  activations: activationSiteSchema,
});
export type Dense = z.infer<typeof schema>;

const width = (spec: Dense, classes: number) => spec.units ?? classes;
/** Positions that the layer is applied to one by one, and the features of each. */
const split = (input: Shape): { positions: readonly number[]; features: number } =>
  input.length === 2
    ? { positions: [input[0]!], features: input[1]! }
    : { positions: [], features: volume(input) };

export const dense = {
  kind: 'dense',
  label: 'Dense',
  token: 'dense',
  help: 'Every output is a weighted sum of every input. An image before it is flattened; at a sequence it is applied to each position.',
  schema,
  defaults: {
    kind: 'dense',
    units: 16,
    norm: 'none',
    activation: 'relu',
    weights: weightSite(4),
    activations: activationSite(4),
  },
  fields: [units],
  choices: [normalizationField, activationField],
  sites: ['weights', 'activations'],
  network: { label: 'MLP', rank: 0 },
  stem: 'dense',
  weighted: true,
  outputShape: (spec, { input, classes }) => [...split(input).positions, width(spec, classes)],
  parameters: (spec, { input, classes }) =>
    normalizedParameters(spec, [split(input).features, width(spec, classes)]),
  products: (spec, { input, classes }) => [
    { macs: volume(input) * width(spec, classes), left: 'input', right: 'weights' },
  ],
  summary: (_spec, input, output) => `${split(input).features} → ${output.at(-1)}`,
} satisfies LayerDescriptor<Dense>;
