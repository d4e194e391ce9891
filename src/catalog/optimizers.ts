/** Optimizer kinds and their parameters. The learning rate may change while it trains. */
import { z } from 'zod';

export const learningRateSchema = z.number().min(1e-6).max(10);

export const optimizerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('adam'), learningRate: learningRateSchema }),
  z.strictObject({
    kind: z.literal('sgd'),
    learningRate: learningRateSchema,
    momentum: z.number().min(0).max(0.999),
  }),
]);
export type OptimizerSpec = z.infer<typeof optimizerSchema>;
export type OptimizerKind = OptimizerSpec['kind'];

export const optimizers = {
  adam: {
    label: 'Adam',
    token: 'adam',
    help: 'A step size of its own for every weight (Kingma & Ba 2015; β 0.9 and 0.999, ε 1e-8).',
    defaults: { kind: 'adam', learningRate: 0.004 },
  },
  sgd: {
    label: 'SGD',
    token: 'sgd',
    help: 'Plain gradient steps with momentum.',
    defaults: { kind: 'sgd', learningRate: 0.05, momentum: 0.9 },
  },
} as const satisfies {
  [K in OptimizerKind]: {
    label: string;
    token: string;
    help: string;
    defaults: Extract<OptimizerSpec, { kind: K }>;
  };
};
