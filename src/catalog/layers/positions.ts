/** Position embedding: adds a learned vector to each position, so that attention can tell them apart. */
import { z } from 'zod';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import type { LayerDescriptor } from './descriptor';
import { sequenceSize } from './images';

const schema = z.strictObject({
  kind: z.literal('positions'),
  positions: weightSiteSchema,
  activations: activationSiteSchema,
});
export type Positions = z.infer<typeof schema>;

export const positions = {
  kind: 'positions',
  label: 'Position embedding',
  token: 'pos',
  help: 'Adds a learned vector to each position. Attention alone does not know where its values stand.',
  schema,
  defaults: { kind: 'positions', positions: weightSite(8), activations: activationSite(8) },
  fields: [],
  choices: [],
  sites: ['positions', 'activations'],
  stem: 'pos',
  weighted: false,
  outputShape: (_spec, { input }) => {
    sequenceSize('A position embedding', input);
    return input;
  },
  parameters: (_spec, { input }) => [
    { name: 'positions', shape: input, site: 'positions', initial: { limit: 0.1 } },
  ],
  products: () => [],
  summary: (_spec, _input, output) => output.join('×'),
} satisfies LayerDescriptor<Positions>;
