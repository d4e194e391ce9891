/** Multi-head self-attention (Vaswani 2017), with every product's operands rounded at sites of their own. */
import { z } from 'zod';
import type { ChoiceField } from '../fields';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import {
  biasesOf,
  type LayerDescriptor,
  type LayerField,
  type Shape,
  ShapeError,
  type Surroundings,
  weightsOf,
} from './descriptor';
import { sequenceSize } from './images';

const heads = {
  type: 'number',
  key: 'heads',
  label: 'Heads',
  token: '',
  min: 1,
  max: 16,
  integer: true,
  help: 'How many attentions run side by side, each on its share of the features.',
} as const satisfies LayerField;

export const directions = {
  causal: {
    label: 'causal',
    token: 'causal',
    help: 'Each position sees itself and those before it, so that the network can go on with a text.',
  },
  both: { label: 'both ways', token: 'both', help: 'Each position sees all of them.' },
} as const;
const directionField = {
  type: 'choice',
  key: 'direction',
  label: 'Attends',
  help: 'Which positions each position may look at.',
  options: directions,
  omitted: 'both',
} as const satisfies ChoiceField;

const schema = z.strictObject({
  kind: z.literal('attention'),
  heads: z.int().min(heads.min).max(heads.max),
  direction: z.enum(Object.keys(directions) as [keyof typeof directions, ...(keyof typeof directions)[]]),
  query: weightSiteSchema,
  key: weightSiteSchema,
  value: weightSiteSchema,
  weights: weightSiteSchema,
  queries: activationSiteSchema,
  keys: activationSiteSchema,
  values: activationSiteSchema,
  scores: activationSiteSchema,
  softmax: activationSiteSchema,
  context: activationSiteSchema,
  activations: activationSiteSchema,
});
export type Attention = z.infer<typeof schema>;

function outputShape(spec: Attention, { input }: Surroundings): Shape {
  const [, features] = sequenceSize('Attention', input);
  if (features % spec.heads !== 0)
    throw new ShapeError(`${features} features cannot be shared out among ${spec.heads} heads.`);
  return input;
}

export const attention = {
  kind: 'attention',
  label: 'Self-attention',
  token: 'attn',
  help: 'Every position takes from the others what fits its question: softmax of QKᵀ / √d weighs their values. Both sides of those products are activations, and rounded.',
  schema,
  defaults: {
    kind: 'attention',
    heads: 4,
    direction: 'both',
    query: weightSite(8),
    key: weightSite(8),
    value: weightSite(8),
    weights: weightSite(8),
    queries: activationSite(8),
    keys: activationSite(8),
    values: activationSite(8),
    scores: activationSite(32),
    softmax: activationSite(8),
    context: activationSite(8),
    activations: activationSite(8),
  },
  fields: [heads],
  choices: [directionField],
  sites: [
    'query',
    'key',
    'value',
    'weights',
    'queries',
    'keys',
    'values',
    'scores',
    'softmax',
    'context',
    'activations',
  ],
  network: { label: 'Transformer', rank: 5 },
  stem: 'attn',
  weighted: true,
  outputShape,
  parameters: (_spec, { input }) => {
    const width = input.at(-1) ?? 1;
    return (
      [
        ['query', 'queryBiases'],
        ['key', 'keyBiases'],
        ['value', 'valueBiases'],
        ['weights', 'biases'],
      ] as const
    ).flatMap(([site, biases]) => [weightsOf([width, width], 'linear', site), biasesOf(width, biases)]);
  },
  products: (_spec, { input }) => {
    const [positions = 1, width = 1] = input;
    const projection = positions * width * width;
    const pairs = positions * positions * width;
    return [
      { macs: projection, left: 'input', right: 'query' },
      { macs: projection, left: 'input', right: 'key' },
      { macs: projection, left: 'input', right: 'value' },
      { macs: pairs, left: 'queries', right: 'keys' },
      { macs: pairs, left: 'softmax', right: 'values' },
      { macs: projection, left: 'context', right: 'weights' },
    ];
  },
  inside: (spec, { input }) => {
    const [positions = 1] = input;
    const pairs = [spec.heads, positions, positions];
    return { queries: input, keys: input, values: input, scores: pairs, softmax: pairs, context: input };
  },
  inParts: ['scores', 'softmax'],
  // The scores of one query.
  sums: (_spec, { input }) => input[0] ?? 1,
  summary: (spec, input) => `${spec.heads} heads, ${input.join('×')}`,
} satisfies LayerDescriptor<Attention>;
