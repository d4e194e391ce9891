/** Embedding: a learned vector for each symbol of a text, and one for each position. */
import { z } from 'zod';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import {
  type LayerDescriptor,
  type LayerField,
  type Shape,
  ShapeError,
  type Surroundings,
} from './descriptor';

const features = {
  type: 'number',
  key: 'features',
  label: 'Features',
  token: '',
  min: 1,
  max: 256,
  integer: true,
  help: 'Length of the vector that stands for a symbol.',
} as const satisfies LayerField;

const schema = z.strictObject({
  kind: z.literal('embedding'),
  features: z.int().min(features.min).max(features.max),
  weights: weightSiteSchema,
  positions: weightSiteSchema,
  activations: activationSiteSchema,
});
export type Embedding = z.infer<typeof schema>;

function outputShape(spec: Embedding, { input, vocabulary }: Surroundings): Shape {
  const [positions, more] = input;
  if (vocabulary === undefined || positions === undefined || more !== undefined)
    throw new ShapeError(
      'An embedding needs the symbols of a text before it; it can only stand first, on text data.',
    );
  return [positions, spec.features];
}

export const embedding = {
  kind: 'embedding',
  label: 'Embedding',
  token: 'embed',
  help: 'Looks up a learned vector for each symbol and adds one for its position. The table’s rows are stored at the weight bits.',
  schema,
  defaults: {
    kind: 'embedding',
    features: 32,
    weights: weightSite(8),
    positions: weightSite(8),
    activations: activationSite(8),
  },
  fields: [features],
  choices: [],
  sites: ['weights', 'positions', 'activations'],
  stem: 'embed',
  weighted: true,
  outputShape,
  parameters: (spec, { input, vocabulary = 1 }) => [
    { name: 'weights', shape: [vocabulary, spec.features], site: 'weights', initial: { limit: 0.1 } },
    { name: 'positions', shape: [input[0] ?? 1, spec.features], site: 'positions', initial: { limit: 0.1 } },
  ],
  products: () => [],
  summary: (_spec, input, output) => `${input.join('×')} → ${output.join('×')}`,
} satisfies LayerDescriptor<Embedding>;
