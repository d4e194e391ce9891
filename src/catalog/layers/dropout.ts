/** Dropout: while training, a seeded share of the values is set to zero; in evaluation nothing happens. */
import { z } from 'zod';
import type { LayerDescriptor, LayerField } from './descriptor';

const rate = {
  type: 'number',
  key: 'rate',
  label: 'Rate',
  token: '',
  min: 0,
  max: 0.9,
  integer: false,
  help: 'Share of the values that each training step leaves out; the rest is scaled up so that the mean stays.',
} as const satisfies LayerField;

const schema = z.strictObject({ kind: z.literal('dropout'), rate: z.number().min(rate.min).max(rate.max) });
export type Dropout = z.infer<typeof schema>;

export const dropout = {
  kind: 'dropout',
  label: 'Dropout',
  token: 'drop',
  help: 'Leaves out a random share of the values at each training step, so that no unit relies on a single other (Srivastava 2014).',
  schema,
  defaults: { kind: 'dropout', rate: 0.2 },
  fields: [rate],
  choices: [],
  sites: [],
  stem: 'drop',
  weighted: false,
  outputShape: (_spec, { input }) => input,
  parameters: () => [],
  products: () => [],
  summary: (spec) => `${Math.round(100 * spec.rate)} %`,
} satisfies LayerDescriptor<Dropout>;
