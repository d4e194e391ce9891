/** Average pooling: the mean of each window, rounded anew because it falls between the levels of its input. */
import { z } from 'zod';
import { activationSite, activationSiteSchema } from '../quantizers';
import {
  type LayerDescriptor,
  type LayerField,
  type Shape,
  ShapeError,
  type Surroundings,
} from './descriptor';
import { imageSize } from './images';

const size = {
  type: 'number',
  key: 'size',
  label: 'Window',
  token: '',
  min: 2,
  max: 8,
  integer: true,
  help: 'Rows and columns of a window, and the distance to the next one.',
} as const satisfies LayerField;

const schema = z.strictObject({
  kind: z.literal('averagePool2d'),
  size: z.int().min(size.min).max(size.max),
  activations: activationSiteSchema,
});
export type AveragePool2d = z.infer<typeof schema>;

function outputShape(spec: AveragePool2d, { input }: Surroundings): Shape {
  const [height, width, channels] = imageSize('Pooling', input);
  if (height < spec.size || width < spec.size)
    throw new ShapeError(`A ${spec.size}×${spec.size} window does not fit an image of ${height}×${width}.`);
  return [Math.floor(height / spec.size), Math.floor(width / spec.size), channels];
}

export const averagePool2d = {
  kind: 'averagePool2d',
  label: 'Average pooling',
  token: 'avg',
  help: 'The mean of each window. A mean falls between the levels of its input, so it is rounded to a grid of its own.',
  schema,
  defaults: { kind: 'averagePool2d', size: 2, activations: activationSite(8) },
  fields: [size],
  choices: [],
  sites: ['activations'],
  stem: 'avg',
  weighted: false,
  outputShape,
  parameters: () => [],
  products: () => [],
  summary: (spec, _input, output) => `${spec.size}×${spec.size} → ${output.join('×')}`,
} satisfies LayerDescriptor<AveragePool2d>;
