/** Layer normalization (Ba 2016): each position is brought to a learned mean and spread over its features. */
import { z } from 'zod';
import { activationSite, activationSiteSchema } from '../quantizers';
import type { LayerDescriptor } from './descriptor';
import { sequenceSize } from './images';

const schema = z.strictObject({ kind: z.literal('layerNorm'), activations: activationSiteSchema });
export type LayerNorm = z.infer<typeof schema>;

export const layerNorm = {
  kind: 'layerNorm',
  label: 'Layer norm',
  token: 'ln',
  help: 'Brings the features of each position to mean 0 and spread 1, then to a learned scale and shift. It is trained in float and deployed in integers; its output is rounded.',
  schema,
  defaults: { kind: 'layerNorm', activations: activationSite(8) },
  fields: [],
  choices: [],
  sites: ['activations'],
  stem: 'norm',
  weighted: false,
  outputShape: (_spec, { input }) => {
    sequenceSize('Layer norm', input);
    return input;
  },
  parameters: (_spec, { input }) => [
    { name: 'gamma', shape: [input.at(-1) ?? 1], initial: { value: 1 } },
    { name: 'beta', shape: [input.at(-1) ?? 1], initial: { value: 0 } },
  ],
  products: () => [],
  summary: (_spec, _input, output) => output.join('×'),
} satisfies LayerDescriptor<LayerNorm>;
