/** Convolution over an image, NHWC with HWIO filters. */
import { z } from 'zod';
import { activationField, activationFunctionSchema } from '../activations';
import type { ChoiceField } from '../fields';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import {
  biasesOf,
  type LayerDescriptor,
  type LayerField,
  type Shape,
  ShapeError,
  type Surroundings,
  volume,
  weightsOf,
} from './descriptor';

const filters = {
  type: 'number',
  key: 'filters',
  label: 'Filters',
  token: '',
  min: 1,
  max: 256,
  integer: true,
  help: 'How many maps the layer draws: the channels of its output.',
} as const satisfies LayerField;
const kernelSize = {
  type: 'number',
  key: 'kernelSize',
  label: 'Kernel',
  token: 'k',
  min: 1,
  max: 9,
  integer: true,
  help: 'Rows and columns of a filter.',
} as const satisfies LayerField;
const stride = {
  type: 'number',
  key: 'stride',
  label: 'Stride',
  token: 's',
  min: 1,
  max: 4,
  integer: true,
  omitted: 1,
  help: 'Pixels from one place of the filter to the next. 2 halves rows and columns.',
} as const satisfies LayerField;

export const paddings = {
  valid: {
    label: 'valid',
    token: 'valid',
    help: 'No border: the filter stays inside, the map gets smaller.',
  },
  same: { label: 'same', token: 'same', help: 'A border of zeros: at stride 1 the map keeps its size.' },
} as const;
const padding = {
  type: 'choice',
  key: 'padding',
  label: 'Padding',
  help: 'What happens at the edge of the image.',
  options: paddings,
  omitted: 'valid',
} as const satisfies ChoiceField;

const schema = z.strictObject({
  kind: z.literal('conv2d'),
  filters: z.int().min(filters.min).max(filters.max),
  kernelSize: z.int().min(kernelSize.min).max(kernelSize.max),
  stride: z.int().min(stride.min).max(stride.max),
  padding: z.enum(Object.keys(paddings) as [keyof typeof paddings, ...(keyof typeof paddings)[]]),
  activation: activationFunctionSchema,
  weights: weightSiteSchema,
  activations: activationSiteSchema,
});
export type Conv2d = z.infer<typeof schema>;

function outputShape(spec: Conv2d, { input }: Surroundings): Shape {
  const [height, width, channels] = input;
  if (height === undefined || width === undefined || channels === undefined)
    throw new ShapeError('A convolution needs an image before it; these values have no rows and columns.');
  const size = (length: number) =>
    spec.padding === 'same'
      ? Math.ceil(length / spec.stride)
      : Math.floor((length - spec.kernelSize) / spec.stride) + 1;
  if (size(height) < 1 || size(width) < 1)
    throw new ShapeError(
      `A ${spec.kernelSize}×${spec.kernelSize} filter does not fit an image of ${height}×${width}.`,
    );
  return [size(height), size(width), spec.filters];
}

const weightShape = (spec: Conv2d, input: Shape): Shape => [
  spec.kernelSize,
  spec.kernelSize,
  input[2] ?? 1,
  spec.filters,
];

export const conv2d = {
  kind: 'conv2d',
  label: 'Convolution',
  token: 'conv',
  help: 'Small filters slide over the image; each draws a map of where its pattern occurs.',
  schema,
  defaults: {
    kind: 'conv2d',
    filters: 8,
    kernelSize: 3,
    stride: 1,
    padding: 'valid',
    activation: 'relu',
    weights: weightSite(4),
    activations: activationSite(4),
  },
  fields: [filters, kernelSize, stride],
  choices: [padding, activationField],
  sites: ['weights', 'activations'],
  network: { label: 'CNN', rank: 1 },
  stem: 'conv',
  weighted: true,
  outputShape,
  parameters: (spec, { input }) => [
    weightsOf(weightShape(spec, input), spec.activation),
    biasesOf(spec.filters),
  ],
  products: (spec, around) => [
    {
      macs: volume(outputShape(spec, around)) * volume(weightShape(spec, around.input).slice(0, 3)),
      left: 'input',
      right: 'weights',
    },
  ],
  summary: (spec, _input, output) =>
    `${spec.kernelSize}×${spec.kernelSize}${spec.stride > 1 ? ` / ${spec.stride}` : ''} → ${output.join('×')}`,
} satisfies LayerDescriptor<Conv2d>;
