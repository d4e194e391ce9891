/** The parameters that kinds of datasets share, with their limits. */
import { z } from 'zod';
import type { NumberField } from '../fields';

const samplesField = (min: number) =>
  ({
    type: 'number',
    key: 'samples',
    label: 'Examples',
    token: 'n=',
    min,
    max: 20_000,
    integer: true,
    help: 'Size of the generated dataset, training and test together.',
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
const testShareField = {
  type: 'number',
  key: 'testShare',
  label: 'Test share',
  token: 'test=',
  min: 0.1,
  max: 0.9,
  integer: false,
  help: 'Share of the examples that is kept out of training.',
} as const satisfies NumberField;
export const pointFields = [samplesField(40), noiseField, testShareField] as const;
export const digitFields = [samplesField(200), distortionField, testShareField] as const;

/** What a number field accepts. */
export const numberSchema = ({ min, max, integer }: NumberField) =>
  (integer ? z.int() : z.number()).min(min).max(max);
