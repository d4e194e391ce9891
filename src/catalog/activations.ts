/** Activation functions that follow a weighted layer. */
import { z } from 'zod';

export const activationFunctions = {
  relu: {
    label: 'ReLU',
    token: 'relu',
    help: 'max(0, x): its output is unsigned, so no bit is spent on a sign.',
  },
  tanh: { label: 'tanh', token: 'tanh', help: 'Squashes to ±1: its output range never moves.' },
  sigmoid: { label: 'sigmoid', token: 'sigmoid', help: 'Squashes to 0…1.' },
  linear: { label: 'linear', token: 'linear', help: 'No function: the sum goes through as it is.' },
} as const;
export type ActivationFunction = keyof typeof activationFunctions;
export const activationFunctionSchema = z.enum(
  Object.keys(activationFunctions) as [ActivationFunction, ...ActivationFunction[]],
);
