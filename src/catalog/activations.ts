/** Activation functions that follow a weighted layer. */
import { z } from 'zod';
import type { ChoiceField } from './fields';

export const activationFunctions = {
  relu: {
    label: 'ReLU',
    token: 'relu',
    help: 'max(0, x). Its output has no sign, so every level of the grid serves the positive side.',
  },
  tanh: { label: 'tanh', token: 'tanh', help: 'Squashes to −1…1, so the range to round stays bounded.' },
  sigmoid: {
    label: 'sigmoid',
    token: 'sigmoid',
    help: 'Squashes to 0…1, so the range to round stays bounded and has no sign.',
  },
  gelu: {
    label: 'GELU',
    token: 'gelu',
    help: 'x times the share of a normal distribution below x (the tanh form): a smooth ReLU that dips to −0.17, so a few levels must serve the negative side. Usual in transformers.',
  },
  linear: { label: 'linear', token: 'linear', help: 'No function: the weighted sum goes through as it is.' },
} as const;
export type ActivationFunction = keyof typeof activationFunctions;
export const activationFunctionSchema = z.enum(
  Object.keys(activationFunctions) as [ActivationFunction, ...ActivationFunction[]],
);

/** The field of every layer that has an activation function. */
export const activationField = {
  type: 'choice',
  key: 'activation',
  label: 'Activation function',
  help: 'What is applied to each weighted sum. The result is what the activation bits round.',
  options: activationFunctions,
  omitted: 'relu',
} as const satisfies ChoiceField;
