/** Depthwise convolution: each channel has one filter of its own, HWIO with multiplier 1. */
import { z } from 'zod';
import { activationField, activationFunctionSchema } from '../activations';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import { initialLimit, type LayerDescriptor, type Shape, type Surroundings, volume } from './descriptor';
import { drawnSize, imageSize, kernelSizeField, paddingField, paddingNames, strideField } from './images';
import { normalizationField, normalizationSchema, normalizedParameters } from './normalization';

const schema = z.strictObject({
  kind: z.literal('depthwiseConv2d'),
  kernelSize: z.int().min(kernelSizeField.min).max(kernelSizeField.max),
  stride: z.int().min(strideField.min).max(strideField.max),
  padding: z.enum(paddingNames),
  norm: normalizationSchema,
  activation: activationFunctionSchema,
  weights: weightSiteSchema,
  activations: activationSiteSchema,
});
export type DepthwiseConv2d = z.infer<typeof schema>;

function outputShape(spec: DepthwiseConv2d, { input }: Surroundings): Shape {
  const [height, width, channels] = imageSize('A depthwise convolution', input);
  return [...drawnSize(spec, height, width), channels];
}

export const depthwiseConv2d = {
  kind: 'depthwiseConv2d',
  label: 'Depthwise convolution',
  token: 'dw',
  help: 'One filter for each channel, and no sums across channels. Ranges differ much between channels, so one scale for all loses the small ones; a scale per channel keeps them.',
  schema,
  defaults: {
    kind: 'depthwiseConv2d',
    kernelSize: 3,
    stride: 1,
    padding: 'same',
    norm: 'none',
    activation: 'relu',
    weights: weightSite(4),
    activations: activationSite(4),
  },
  fields: [kernelSizeField, strideField],
  choices: [paddingField, normalizationField, activationField],
  sites: ['weights', 'activations'],
  network: { label: 'Depthwise CNN', rank: 3 },
  stem: 'dw',
  weighted: true,
  outputShape,
  // The channels are last, so that scales go by them: [k, k, C] stands for HWIO [k, k, C, 1].
  parameters: (spec, { input }) => {
    const shape = [spec.kernelSize, spec.kernelSize, input[2] ?? 1];
    const [weights, ...others] = normalizedParameters(spec, shape);
    // Each output sums one filter, whatever the channels.
    const limit = initialLimit([spec.kernelSize ** 2, 1], spec.activation);
    return [{ ...weights!, initial: { limit } }, ...others];
  },
  products: (spec, around) => [
    { macs: volume(outputShape(spec, around)) * spec.kernelSize ** 2, left: 'input', right: 'weights' },
  ],
  summary: (spec, _input, output) =>
    `${spec.kernelSize}×${spec.kernelSize}${spec.stride > 1 ? ` / ${spec.stride}` : ''} → ${output.join('×')}`,
} satisfies LayerDescriptor<DepthwiseConv2d>;
