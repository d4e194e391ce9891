/** What layers that slide windows over an image share: sizes, strides and edges, and the sentences where they do not fit. */
import type { ChoiceField } from '../fields';
import { type LayerField, type Shape, ShapeError } from './descriptor';

export const kernelSizeField = {
  type: 'number',
  key: 'kernelSize',
  label: 'Kernel',
  token: 'k',
  min: 1,
  max: 9,
  integer: true,
  help: 'Rows and columns of a filter.',
} as const satisfies LayerField;

export const strideField = {
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
export type Padding = keyof typeof paddings;
export const paddingNames = Object.keys(paddings) as [Padding, ...Padding[]];

export const paddingField = {
  type: 'choice',
  key: 'padding',
  label: 'Padding',
  help: 'What happens at the edge of the image.',
  options: paddings,
  omitted: 'valid',
} as const satisfies ChoiceField;

/**
 * Rows, columns and channels.
 * @param what begins the sentence: "A convolution"
 * @throws ShapeError if these values are no image
 */
export function imageSize(what: string, input: Shape): [height: number, width: number, channels: number] {
  const [height, width, channels] = input;
  if (height === undefined || width === undefined || channels === undefined)
    throw new ShapeError(`${what} needs an image before it; these values have no rows and columns.`);
  return [height, width, channels];
}

interface Window {
  kernelSize: number;
  stride: number;
  padding: Padding;
}

/**
 * Rows and columns of what a filter draws.
 * @throws ShapeError if it does not fit
 */
export function drawnSize(
  { kernelSize, stride, padding }: Window,
  height: number,
  width: number,
): [number, number] {
  const size = (length: number) =>
    padding === 'same' ? Math.ceil(length / stride) : Math.floor((length - kernelSize) / stride) + 1;
  const drawn: [number, number] = [size(height), size(width)];
  if (Math.min(...drawn) < 1)
    throw new ShapeError(`A ${kernelSize}×${kernelSize} filter does not fit an image of ${height}×${width}.`);
  return drawn;
}

/**
 * Positions and features.
 * @throws ShapeError if these values are no sequence
 */
export function sequenceSize(what: string, input: Shape): [positions: number, features: number] {
  const [positions, features, more] = input;
  if (positions === undefined || features === undefined || more !== undefined)
    throw new ShapeError(
      `${what} needs a sequence before it: ${input.length === 3 ? 'put “Rows as a sequence” before it to read the image row by row' : 'these values have no positions'}.`,
    );
  return [positions, features];
}
