/** Optimizer kinds and their parameters. The learning rate may change while it trains. */
import { z } from 'zod';
import type { NumberField } from './fields';

export const learningRateField = {
  type: 'number',
  key: 'learningRate',
  label: 'Learning rate',
  token: 'lr=',
  min: 1e-6,
  max: 10,
  integer: false,
  help: 'How far a step moves the weights.',
} as const satisfies NumberField;
const momentumField = {
  type: 'number',
  key: 'momentum',
  label: 'Momentum',
  token: 'momentum=',
  min: 0,
  max: 0.999,
  integer: false,
  help: 'Share of the last movement that the next step keeps.',
} as const satisfies NumberField;

export const learningRateSchema = z.number().min(learningRateField.min).max(learningRateField.max);

export const optimizerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('adam'), learningRate: learningRateSchema }),
  z.strictObject({
    kind: z.literal('sgd'),
    learningRate: learningRateSchema,
    momentum: z.number().min(momentumField.min).max(momentumField.max),
  }),
]);
export type OptimizerSpec = z.infer<typeof optimizerSchema>;
export type OptimizerKind = OptimizerSpec['kind'];

export const optimizers = {
  adam: {
    label: 'Adam',
    token: 'adam',
    help: 'A step of its own for every weight, from running means of its gradient and squared gradient (Kingma & Ba 2015; β 0.9 and 0.999, ε 1e-8).',
    defaults: { kind: 'adam', learningRate: 0.004 },
    fields: [learningRateField],
  },
  sgd: {
    label: 'SGD',
    token: 'sgd',
    help: 'Stochastic gradient descent: each step follows the gradient of its batch, and momentum carries part of the last movement along.',
    defaults: { kind: 'sgd', learningRate: 0.05, momentum: 0.9 },
    fields: [learningRateField, momentumField],
  },
} as const satisfies {
  [K in OptimizerKind]: {
    label: string;
    token: string;
    help: string;
    defaults: Extract<OptimizerSpec, { kind: K }>;
    fields: readonly NumberField[];
  };
};
