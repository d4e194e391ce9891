/** The parameters that kinds of datasets share, with their limits. */
import { z } from 'zod';
import type { NumberField } from '../fields';

const samplesField = (min: number, max = 20_000) =>
  ({
    type: 'number',
    key: 'samples',
    label: 'Examples',
    token: 'n=',
    min,
    max,
    integer: true,
    help: 'Size of the generated dataset, all parts together.',
  }) as const satisfies NumberField;
const noiseField = {
  type: 'number',
  key: 'noise',
  label: 'Noise',
  token: 'noise=',
  min: 0,
  max: 1,
  integer: false,
  help: 'Standard deviation of the scatter, relative to the radius of the figure.',
} as const satisfies NumberField;
const distortionField = {
  ...noiseField,
  help: 'Strength of slant, shift, distortion and noise: 0 draws clean digits.',
} as const satisfies NumberField;
const clutterField = {
  ...noiseField,
  help: 'Strength of grain, shade, weak contrast and things in the way: 0 draws clean figures.',
} as const satisfies NumberField;
const testShareField = {
  type: 'number',
  key: 'testShare',
  label: 'Test share',
  token: 'test=',
  min: 0.1,
  max: 0.9,
  integer: false,
  help: 'Share of the examples kept to report on: they are neither trained on nor chosen by.',
} as const satisfies NumberField;
const validationShareField = {
  type: 'number',
  key: 'validationShare',
  label: 'Validation share',
  token: 'val=',
  min: 0,
  max: 0.5,
  integer: false,
  omitted: 0,
  help: 'Share of the training examples kept aside to choose by: settings are compared on them, so that the test examples stay unseen until the report.',
} as const satisfies NumberField;
const shareFields = [testShareField, validationShareField] as const;

export const pointFields = [samplesField(40), noiseField, ...shareFields] as const;
export const digitFields = [samplesField(200), distortionField, ...shareFields] as const;
export const textureFields = [samplesField(200), clutterField, ...shareFields] as const;
export const textFields = {
  /** There are no more sums. */
  addition: [samplesField(200, 10_000), ...shareFields],
  reversing: [samplesField(200), ...shareFields],
  brackets: [samplesField(200), ...shareFields],
} as const;

/** What a number field accepts. */
export const numberSchema = ({ min, max, integer }: NumberField) =>
  (integer ? z.int() : z.number()).min(min).max(max);
