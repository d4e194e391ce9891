/** Residual sum: adds what came in some layers before, as it is or through a 1×1 convolution. */
import { z } from 'zod';
import { activationField, activationFunctionSchema } from '../activations';
import { activationSite, activationSiteSchema, weightSite, weightSiteSchema } from '../quantizers';
import {
  biasesOf,
  type LayerDescriptor,
  type LayerField,
  type Shape,
  ShapeError,
  volume,
  weightsOf,
} from './descriptor';

const span = {
  type: 'number',
  key: 'span',
  label: 'Layers bridged',
  token: '',
  min: 1,
  max: 12,
  integer: true,
  help: 'How many layers the residual path leads around: what came into the first of them is added here.',
} as const satisfies LayerField;

const common = {
  span: z.int().min(span.min).max(span.max),
  activation: activationFunctionSchema,
  activations: activationSiteSchema,
};
const schema = z.strictObject({ kind: z.literal('add'), ...common });
export type Add = z.infer<typeof schema>;
const projectedSchema = z.strictObject({
  kind: z.literal('addProjected'),
  ...common,
  weights: weightSiteSchema,
});
export type AddProjected = z.infer<typeof projectedSchema>;

function sameShape(input: Shape, skipped: Shape = []): Shape {
  if (input.join() !== skipped.join())
    throw new ShapeError(
      `A residual sum needs two values of one shape: ${skipped.join('×')} came in at the start of the path and ${input.join('×')} at its end. A “Residual sum with projection” brings them together.`,
    );
  return input;
}

/** Pixels of the skipped image from one that is added to the next. */
export const projectionStride = (input: Shape, skipped: Shape): number =>
  Math.max(1, Math.ceil(skipped[0]! / input[0]!));

function projectedShape(input: Shape, skipped: Shape = []): Shape {
  const isImage = input.length === 3 && skipped.length === 3;
  const stride = isImage ? projectionStride(input, skipped) : 1;
  const fits = isImage && [0, 1].every((axis) => Math.ceil(skipped[axis]! / stride) === input[axis]);
  const features =
    !isImage && input.length === skipped.length && input.slice(0, -1).join() === skipped.slice(0, -1).join();
  if (!(fits || features))
    throw new ShapeError(
      `A projection cannot bring ${skipped.join('×')} to ${input.join('×')}: it changes the number of channels, and skips pixels evenly.`,
    );
  return input;
}

const help =
  'A path around some layers: what came in is added to what they made of it (He 2015). The sum is rounded to a grid of its own.';
const shared = {
  fields: [span],
  choices: [activationField],
  stem: 'add',
  weighted: false,
} as const;

export const add = {
  ...shared,
  kind: 'add',
  label: 'Residual sum',
  token: 'add',
  help,
  schema,
  defaults: { kind: 'add', span: 2, activation: 'relu', activations: activationSite(8) },
  sites: ['activations'],
  network: { label: 'ResNet', rank: 2 },
  skip: (spec) => spec.span,
  outputShape: (_spec, { input, skipped }) => sameShape(input, skipped),
  parameters: () => [],
  products: () => [],
  summary: (spec, _input, output) => `around ${spec.span} → ${output.join('×')}`,
} satisfies LayerDescriptor<Add>;

export const addProjected = {
  ...shared,
  kind: 'addProjected',
  label: 'Residual sum with projection',
  token: 'addp',
  help: `${help} The path goes through a 1×1 convolution, for shapes that differ.`,
  schema: projectedSchema,
  defaults: {
    kind: 'addProjected',
    span: 2,
    activation: 'relu',
    weights: weightSite(8),
    activations: activationSite(8),
  },
  sites: ['weights', 'activations'],
  network: { label: 'ResNet', rank: 2 },
  skip: (spec) => spec.span,
  outputShape: (_spec, { input, skipped }) => projectedShape(input, skipped),
  parameters: (_spec, { input, skipped = [] }) => {
    const channels = input.at(-1) ?? 1;
    return [weightsOf([skipped.at(-1) ?? 1, channels], 'linear'), biasesOf(channels)];
  },
  products: (_spec, { input, skipped = [] }) => [
    // The skipped value has the bits of the layer before the path; counted with those that come in here.
    { macs: volume(input) * (skipped.at(-1) ?? 1), left: 'input', right: 'weights' },
  ],
  sums: (_spec, { input }) => volume(input),
  summary: (spec, _input, output) => `around ${spec.span}, 1×1 → ${output.join('×')}`,
} satisfies LayerDescriptor<AddProjected>;
