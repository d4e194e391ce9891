/** Convolution over an image, NHWC with HWIO filters. */
import { z } from 'zod';
import { activationField, activationFunctionSchema } from '../activations';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import { type LayerDescriptor, type LayerField, type Shape, type Surroundings, volume } from './descriptor';
import { drawnSize, imageSize, kernelSizeField, paddingField, paddingNames, strideField } from './images';
import { normalizationField, normalizationSchema, normalizedParameters } from './normalization';

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
const schema = z.strictObject({
  kind: z.literal('conv2d'),
  filters: z.int().min(filters.min).max(filters.max),
  kernelSize: z.int().min(kernelSizeField.min).max(kernelSizeField.max),
  stride: z.int().min(strideField.min).max(strideField.max),
  padding: z.enum(paddingNames),
  norm: normalizationSchema,
  activation: activationFunctionSchema,
  weights: weightSiteSchema,
  activations: activationSiteSchema,
});
export type Conv2d = z.infer<typeof schema>;

function outputShape(spec: Conv2d, { input }: Surroundings): Shape {
  const [height, width] = imageSize('A convolution', input);
  return [...drawnSize(spec, height, width), spec.filters];
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
    norm: 'none',
    activation: 'relu',
    weights: weightSite(4),
    activations: activationSite(4),
  },
  fields: [filters, kernelSizeField, strideField],
  choices: [paddingField, normalizationField, activationField],
  sites: ['weights', 'activations'],
  network: { label: 'CNN', rank: 1 },
  stem: 'conv',
  weighted: true,
  outputShape,
  parameters: (spec, { input }) => normalizedParameters(spec, weightShape(spec, input)),
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
