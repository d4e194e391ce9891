/** Rows as a sequence: an image read row by row, each row the features of one position. */
import { z } from 'zod';
import type { LayerDescriptor, Shape } from './descriptor';
import { imageSize } from './images';

const schema = z.strictObject({ kind: z.literal('rows') });
export type Rows = z.infer<typeof schema>;

function outputShape(input: Shape): Shape {
  const [height, width, channels] = imageSize('Reading rows', input);
  return [height, width * channels];
}

export const rows = {
  kind: 'rows',
  label: 'Rows as a sequence',
  token: 'rows',
  help: 'Reads the image row by row, from the top: what recurrent layers and attention work on. No number changes.',
  schema,
  defaults: { kind: 'rows' },
  fields: [],
  choices: [],
  sites: [],
  stem: 'rows',
  weighted: false,
  outputShape: (_spec, { input }) => outputShape(input),
  parameters: () => [],
  products: () => [],
  summary: (_spec, input, output) => `${input.join('×')} → ${output.join('×')}`,
} satisfies LayerDescriptor<Rows>;
