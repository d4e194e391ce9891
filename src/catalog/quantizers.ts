/**
 * Quantizer kinds, for weights and for activations. The engine's implementations (src/quant) satisfy these registries;
 * the page, the link grammar and the size accounting read them.
 */
import { z } from 'zod';
import { type Bits, bitsSchema } from './bits';

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
    help: 'Symmetric grid, zero point 0, narrow range: the largest absolute weight maps to the last level. At 1 bit: the sign times the mean absolute weight.',
    deploysTo: 'integer',
  },
} as const satisfies Record<string, QuantizerDescriptor>;
export type WeightQuantizerKind = keyof typeof weightQuantizers;

export const activationQuantizers = {
  ema: {
    label: 'EMA min-max',
    token: 'ema',
    help: 'An observer follows the smallest and the largest value of each training batch with an exponential moving average; the affine grid spans that range and always holds 0. After ReLU it is unsigned.',
    deploysTo: 'integer',
  },
} as const satisfies Record<string, QuantizerDescriptor>;
export type ActivationQuantizerKind = keyof typeof activationQuantizers;

export const granularities = {
  channel: {
    label: 'per channel',
    token: 'pc',
    help: 'One scale for each output channel: finer, four bytes a channel more.',
  },
  tensor: { label: 'per tensor', token: 'pt', help: 'One scale for the whole weight tensor.' },
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
