/** Max pooling: keeps the largest value of each window; its output shares its input's quantization. */
import { z } from 'zod';
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

const schema = z.strictObject({ kind: z.literal('maxPool2d'), size: z.int().min(size.min).max(size.max) });
export type MaxPool2d = z.infer<typeof schema>;

function outputShape(spec: MaxPool2d, { input }: Surroundings): Shape {
  const [height, width, channels] = imageSize('Pooling', input);
  if (height < spec.size || width < spec.size)
    throw new ShapeError(`A ${spec.size}×${spec.size} window does not fit an image of ${height}×${width}.`);
  return [Math.floor(height / spec.size), Math.floor(width / spec.size), channels];
}

export const maxPool2d = {
  kind: 'maxPool2d',
  label: 'Max pooling',
  token: 'pool',
  help: 'Keeps the largest value of each window. Nothing is rounded here: the output shares its input’s scale.',
  schema,
  defaults: { kind: 'maxPool2d', size: 2 },
  fields: [size],
  choices: [],
  sites: [],
  stem: 'pool',
  weighted: false,
  outputShape,
  parameters: () => [],
  products: () => [],
  summary: (spec, _input, output) => `${spec.size}×${spec.size} → ${output.join('×')}`,
} satisfies LayerDescriptor<MaxPool2d>;
