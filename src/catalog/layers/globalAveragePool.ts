/** Global average pooling: the mean of each channel over a whole image, or over all positions of a sequence. */
import { z } from 'zod';
import { activationSite, activationSiteSchema } from '../quantizers';
import { type LayerDescriptor, type Shape, ShapeError } from './descriptor';

const schema = z.strictObject({ kind: z.literal('globalAveragePool'), activations: activationSiteSchema });
export type GlobalAveragePool = z.infer<typeof schema>;

function outputShape(input: Shape): Shape {
  const channels = input.at(-1);
  if (input.length < 2 || channels === undefined)
    throw new ShapeError(
      'Global average pooling needs an image or a sequence before it; these values have no positions.',
    );
  return [channels];
}

export const globalAveragePool = {
  kind: 'globalAveragePool',
  label: 'Global average pooling',
  token: 'gap',
  help: 'The mean of each channel over the whole image or sequence, rounded to a grid of its own.',
  schema,
  defaults: { kind: 'globalAveragePool', activations: activationSite(8) },
  fields: [],
  choices: [],
  sites: ['activations'],
  stem: 'gap',
  weighted: false,
  outputShape: (_spec, { input }) => outputShape(input),
  parameters: () => [],
  products: () => [],
  summary: (_spec, input, output) => `${input.join('×')} → ${output.join('×')}`,
} satisfies LayerDescriptor<GlobalAveragePool>;
