/** When training pauses by itself. */
import { z } from 'zod';
import type { NumberField } from './fields';

/** Most steps of a run. */
export const maxSteps = 1_000_000;

const steps = {
  type: 'number',
  key: 'steps',
  label: 'Steps',
  token: '',
  min: 1,
  max: maxSteps,
  integer: true,
  optional: true,
  help: 'Training pauses once this many steps are done.',
} as const satisfies NumberField;
const accuracy = {
  type: 'number',
  key: 'accuracy',
  label: 'Accuracy',
  token: 'accuracy=',
  min: 0.001,
  max: 1,
  integer: false,
  optional: true,
  help: 'Training pauses at the first evaluation whose QAT test accuracy is at least this.',
} as const satisfies NumberField;

export const stopFields: readonly NumberField[] = [steps, accuracy];

export const stopSchema = z.strictObject({
  /** Steps done. */
  steps: z.int().min(steps.min).max(steps.max).optional(),
  /** QAT test accuracy, a fraction. */
  accuracy: z.number().min(accuracy.min).max(accuracy.max).optional(),
});
