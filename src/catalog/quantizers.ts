/**
 * Quantizer kinds, for weights and for activations. The engine's implementations (src/quant) satisfy these registries;
 * the page, the link grammar and the size accounting read them.
 */
import { z } from 'zod';
import { type Bits, bitsSchema } from './bits';
import type { ChoiceField, NumberField, SiteField } from './fields';

export interface QuantizerDescriptor {
  /** What the page calls it. */
  label: string;
  /** The word that stands for it in links; never changes once published. */
  token: string;
  /** One or two sentences for the tooltip. */
  help: string;
  /** What the trained network can become. */
  deploysTo: 'integer' | 'simulation only';
}

export const weightQuantizers = {
  absmax: {
    label: 'Abs-max',
    token: 'absmax',
    help: 'A symmetric grid around zero point 0: the largest absolute weight lands on the last level, so nothing is clipped. At 1 bit: the sign times the mean absolute weight.',
    deploysTo: 'integer',
  },
} as const satisfies Record<string, QuantizerDescriptor>;
export type WeightQuantizerKind = keyof typeof weightQuantizers;

export const activationQuantizers = {
  ema: {
    label: 'EMA min-max',
    token: 'ema',
    help: 'An observer follows the smallest and the largest value of each training batch by an exponential moving average. The grid spans that range and always holds 0; after ReLU it starts at 0.',
    deploysTo: 'integer',
  },
} as const satisfies Record<string, QuantizerDescriptor>;
export type ActivationQuantizerKind = keyof typeof activationQuantizers;

export const granularities = {
  channel: {
    label: 'per channel',
    token: 'pc',
    help: 'One scale for each output channel, 4 bytes apiece: a channel of small weights gets a finer grid.',
  },
  tensor: { label: 'per tensor', token: 'pt', help: 'One scale for all weights of the layer.' },
} as const;
export type Granularity = keyof typeof granularities;

const keys = <K extends string>(registry: Record<K, unknown>) => Object.keys(registry) as [K, ...K[]];

/** A weight site: how one layer's weights are rounded. */
export const weightSiteSchema = z.strictObject({
  bits: bitsSchema,
  quantizer: z.enum(keys(weightQuantizers)),
  granularity: z.enum(keys(granularities)),
});
export type WeightSite = z.infer<typeof weightSiteSchema>;

/** An activation site: how one layer's output (or the input) is rounded. */
export const activationSiteSchema = z.strictObject({
  bits: bitsSchema,
  quantizer: z.enum(keys(activationQuantizers)),
});
export type ActivationSite = z.infer<typeof activationSiteSchema>;

const bitsField = {
  type: 'number',
  key: 'bits',
  label: 'Bits',
  token: '',
  min: 1,
  max: 32,
  integer: true,
  help: 'Bit-width: 1 to 8, or 32 for float.',
} as const satisfies NumberField;

/** The sites of a layer, as the page names them and a link writes them. */
export const sites = {
  weights: {
    type: 'site',
    key: 'weights',
    label: 'Weights',
    token: 'w',
    help: 'How the layer’s weights are rounded.',
    fields: [
      bitsField,
      {
        type: 'choice',
        key: 'quantizer',
        label: 'Weight quantizer',
        help: 'The rule that finds the grid for the weights.',
        options: weightQuantizers,
        omitted: 'absmax',
      } satisfies ChoiceField,
      {
        type: 'choice',
        key: 'granularity',
        label: 'Granularity',
        help: 'How many scales the weights of a layer share out.',
        options: granularities,
        omitted: 'channel',
      } satisfies ChoiceField,
    ],
  },
  activations: {
    type: 'site',
    key: 'activations',
    label: 'Activations',
    token: 'a',
    help: 'How the layer’s output is rounded, after the activation function.',
    fields: [
      bitsField,
      {
        type: 'choice',
        key: 'quantizer',
        label: 'Activation quantizer',
        help: 'The rule that finds the grid for the outputs.',
        options: activationQuantizers,
        omitted: 'ema',
      } satisfies ChoiceField,
    ],
  },
} as const satisfies Record<string, SiteField>;
export type SiteName = keyof typeof sites;

export const weightSite = (bits: Bits): WeightSite => ({ bits, quantizer: 'absmax', granularity: 'channel' });
export const activationSite = (bits: Bits): ActivationSite => ({ bits, quantizer: 'ema' });

/**
 * The integer range of a weight grid: symmetric and narrow, [-(2^(n-1)-1), 2^(n-1)-1]; 1 bit is the sign, [-1, 1].
 * 32 bits have none.
 */
export function weightRange(bits: Bits): { qmin: number; qmax: number } {
  const qmax = bits === 1 ? 1 : 2 ** (bits - 1) - 1;
  return { qmin: -qmax, qmax };
}

/** The integer range of an activation grid: unsigned, [0, 2^n - 1]; a zero point moves it where values are signed. */
export function activationRange(bits: Bits): { qmin: number; qmax: number } {
  return { qmin: 0, qmax: 2 ** bits - 1 };
}
