/** Batch normalization as a choice of layers with weights, so that it can be folded into them. */
import { z } from 'zod';
import type { ChoiceField } from '../fields';
import { biasesOf, type Parameter, type Shape, weightsOf } from './descriptor';

export const normalizations = {
  none: { label: 'none', token: 'nonorm', help: 'Outputs go on as they are, with a bias.' },
  batch: {
    label: 'batch norm',
    token: 'bn',
    help: 'Brings each channel to a learned mean and spread. It is folded into the weights before they are rounded, so channels that it stretches far apart need a scale each.',
  },
} as const;
export type Normalization = keyof typeof normalizations;
/** What was added to version 1 has a default that keeps the meaning of experiments without it. */
export const normalizationSchema = z
  .enum(Object.keys(normalizations) as [Normalization, ...Normalization[]])
  .default('none');

export const normalizationField = {
  type: 'choice',
  key: 'norm',
  label: 'Normalization',
  help: 'What happens to each channel before the activation function.',
  options: normalizations,
  omitted: 'none',
} as const satisfies ChoiceField;

/** How batch norm takes its statistics, for the whole network. */
export const normStatistics = {
  batch: {
    label: 'of the batch',
    token: 'train',
    help: 'Each training batch is normalized by its own mean and spread; running averages follow them for evaluation.',
  },
  frozen: {
    label: 'frozen',
    token: 'freeze',
    help: 'Training uses the running averages too, and they stay as they are: the network trains as it will be deployed (Krishnamoorthi 2018).',
  },
} as const;
export type NormStatistics = keyof typeof normStatistics;

/** What can be done about batch norm during a run. */
export const normChanges = {
  ...normStatistics,
  estimate: {
    label: 're-estimate',
    token: 'estimate',
    help: 'Makes the running averages anew from 50 training batches. They lag behind when weights or bits have just changed (Nagel 2022).',
  },
} as const;
export type NormChange = keyof typeof normChanges;

/** The tensors of a layer with weights [..., C], with its bias or with batch norm's parameters. */
export function normalizedParameters(
  { activation, norm }: { activation: string; norm: Normalization },
  shape: Shape,
  channels = shape.at(-1) ?? 1,
): Parameter[] {
  const plain = [weightsOf(shape, activation), biasesOf(channels)];
  if (norm === 'none') return plain;
  return [
    ...plain,
    { name: 'gamma', shape: [channels], initial: { value: 1 }, stored: false },
    { name: 'running', shape: [2, channels], initial: { rows: [0, 1] }, trained: false, stored: false },
  ];
}
