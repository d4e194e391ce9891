/** Convolution over an image, NHWC with HWIO filters. */
import { z } from 'zod';
import { activationFunctionSchema } from '../activations';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import { type LayerDescriptor, type Shape, ShapeError, volume } from './descriptor';

const schema = z.strictObject({
  kind: z.literal('conv2d'),
  filters: z.int().min(1).max(256),
  kernelSize: z.int().min(1).max(9),
  stride: z.int().min(1).max(4),
  padding: z.enum(['valid', 'same']),
  activation: activationFunctionSchema,
  weights: weightSiteSchema,
  activations: activationSiteSchema,
});
export type Conv2d = z.infer<typeof schema>;

function outputShape(spec: Conv2d, input: Shape): Shape {
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
  help: 'Small filters slide over the image; each one draws a map of where its pattern occurs.',
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
  fields: [
    { key: 'filters', label: 'Filters', min: 1, max: 256, help: 'How many maps the layer draws.' },
    { key: 'kernelSize', label: 'Kernel', min: 1, max: 9, help: 'Rows and columns of a filter.' },
    { key: 'stride', label: 'Stride', min: 1, max: 4, help: 'Pixels between two places of the filter.' },
  ],
  stem: 'conv',
  weighted: true,
  outputShape,
  weightShape,
  macs: (spec, input) => volume(outputShape(spec, input)) * volume(weightShape(spec, input).slice(0, 3)),
  summary: (spec, _input, output) =>
    `${spec.kernelSize}×${spec.kernelSize}${spec.stride > 1 ? ` / ${spec.stride}` : ''} → ${output.join('×')}`,
} satisfies LayerDescriptor<Conv2d>;
