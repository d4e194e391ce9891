/** Knowledge distillation from the float twin: a term of the QAT network's loss (Hinton et al. 2015). */
import { z } from 'zod';
import type { NumberField } from './fields';

const weight = {
  type: 'number',
  key: 'weight',
  label: 'Distillation weight',
  token: '',
  min: 0,
  max: 1,
  integer: false,
  help: 'Share of the loss that compares the QAT network’s outputs with those of the float twin; the rest compares them with the labels.',
} as const satisfies NumberField;
const temperature = {
  type: 'number',
  key: 'temperature',
  label: 'Temperature',
  token: 't',
  min: 0.5,
  max: 20,
  integer: false,
  omitted: 4,
  help: 'Divides both networks’ logits before softmax: the higher it is, the more the unlikely classes count.',
} as const satisfies NumberField;

export const distillationFields: readonly NumberField[] = [weight, temperature];

export const distillationSchema = z.strictObject({
  weight: z.number().min(weight.min).max(weight.max),
  temperature: z.number().min(temperature.min).max(temperature.max),
});
export type Distillation = z.infer<typeof distillationSchema>;
