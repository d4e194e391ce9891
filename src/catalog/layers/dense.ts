/** Dense layer: every output is a weighted sum of every input. An image before it is flattened. */
import { z } from 'zod';
import { activationField, activationFunctionSchema } from '../activations';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import { type LayerDescriptor, type LayerField, volume } from './descriptor';

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
  activation: activationFunctionSchema,
  weights: weightSiteSchema,
  activations: activationSiteSchema,
});
export type Dense = z.infer<typeof schema>;

const width = (spec: Dense, classes: number) => spec.units ?? classes;

export const dense = {
  kind: 'dense',
  label: 'Dense',
  token: 'dense',
  help: 'Every output is a weighted sum of every input. An image before it is flattened.',
  schema,
  defaults: {
    kind: 'dense',
    units: 16,
    activation: 'relu',
    weights: weightSite(4),
    activations: activationSite(4),
  },
  fields: [units],
  choices: [activationField],
  sites: ['weights', 'activations'],
  network: { label: 'MLP', rank: 0 },
  stem: 'dense',
  weighted: true,
  outputShape: (spec, _input, classes) => [width(spec, classes)],
  weightShape: (spec, input, classes) => [volume(input), width(spec, classes)],
  macs: (spec, input, classes) => volume(input) * width(spec, classes),
  summary: (_spec, input, output) => `${volume(input)} → ${volume(output)}`,
} satisfies LayerDescriptor<Dense>;
