/** Sites: where a layer rounds, with the settings of each, their schemas and their ranges of integers. */
import { z } from 'zod';
import { type Bits, bitsSchema } from '../bits';
import type { ChoiceField, NumberField, SiteField } from '../fields';
import { activationQuantizerOf, activationQuantizers } from './activations';
import {
  estimators,
  type Granularity,
  granularities,
  groupSizeOf,
  type Oscillation,
  oscillations,
  penalties,
  roundings,
  type WeightRange,
  weightRanges,
} from './choices';
import type { QuantizerDescriptor } from './descriptor';
import { weightQuantizerOf, weightQuantizers } from './weights';

const keys = <K extends string>(registry: Record<K, unknown>) => Object.keys(registry) as [K, ...K[]];

/**
 * A weight site: how one layer's weights are rounded. What was added to version 1 has a default that keeps the meaning of
 * experiments without it.
 */
export const weightSiteSchema = z.strictObject({
  bits: bitsSchema,
  quantizer: z.enum(keys(weightQuantizers)),
  granularity: z.enum(keys(granularities)),
  range: z.enum(keys(weightRanges)).default('narrow'),
  estimator: z.enum(keys(estimators)).default('ste'),
  rounding: z.enum(keys(roundings)).default('even'),
  oscillation: z.enum(keys(oscillations)).default('free'),
  penalty: z.enum(keys(penalties)).default('medium'),
});
export type WeightSite = z.infer<typeof weightSiteSchema>;

/** An activation site: how one layer's output (or the input) is rounded. */
export const activationSiteSchema = z.strictObject({
  bits: bitsSchema,
  quantizer: z.enum(keys(activationQuantizers)),
  estimator: z.enum(keys(estimators)).default('ste'),
  rounding: z.enum(keys(roundings)).default('even'),
});
export type ActivationSite = z.infer<typeof activationSiteSchema>;

/**
 * The width that a quantizer gives for a width asked for: 32, float, always; else itself where it has it, or the nearest
 * it has. So a site keeps the width asked for while a quantizer of fixed width is tried on it.
 */
export function fitBits({ bits: widths }: QuantizerDescriptor, bits: Bits): Bits {
  if (bits === 32 || !widths || widths.includes(bits)) return bits;
  return widths.reduce((best, each) => (Math.abs(each - bits) < Math.abs(best - bits) ? each : best));
}
/** The width that a weight site really has. */
export const weightBits = ({ quantizer, bits }: WeightSite): Bits =>
  fitBits(weightQuantizerOf(quantizer), bits);
/** The granularity that a weight site really has. */
export function weightGranularity({ quantizer, granularity }: WeightSite): Granularity {
  const { granularity: own, groups } = weightQuantizerOf(quantizer);
  return own ?? (groupSizeOf(granularity) && !groups ? 'channel' : granularity);
}
/**
 * The whole bits that weights of a learned width are stored in: the fewest that hold their levels, from -k to k with
 * k = rint(2^(width - 1) - 1).
 */
export const storedBits = (width: number): number =>
  1 + Math.ceil(Math.log2(1 + Math.max(1, Math.round(2 ** (width - 1) - 1))));
/** The width that an activation site really has. */
export const activationBits = ({ quantizer, bits }: ActivationSite): Bits =>
  fitBits(activationQuantizerOf(quantizer), bits);

/**
 * Why the oscillation of a site's weights is not watched, or undefined where it is: their integers, rounded to nearest,
 * must come from scales that are apart from them.
 */
export function unwatchedReason(site: WeightSite): string | undefined {
  const { label, rounding, blocks } = weightQuantizerOf(site.quantizer);
  if (weightBits(site) === 32) return 'Float weights have no levels to flip between.';
  if ((rounding ?? site.rounding) !== 'even') return 'Stochastic rounding flips weights by chance.';
  if (blocks) return `${label} has its scales in the values, which move with them.`;
  if (groupSizeOf(weightGranularity(site)))
    return 'Scales per group are in the values, which move with them.';
  return undefined;
}
/** Bits up to which oscillation is told from learning: the steps of wider grids are so fine that any weight crosses some. */
export const coarseBits = 4;
/** What is really done about the oscillation of a site's weights. */
export const oscillationAt = (site: WeightSite): Oscillation =>
  unwatchedReason(site) ? 'free' : (weightQuantizerOf(site.quantizer).oscillation ?? site.oscillation);
/**
 * Why nobody watches it at present, or undefined where it is watched: at few bits, where it does harm, at a learned width,
 * which may become few, and where something is done about it. Elsewhere watching would cost a step more than rounding does.
 */
export function idleReason(site: WeightSite): string | undefined {
  const reason = unwatchedReason(site);
  if (reason) return reason;
  const isWatched =
    weightBits(site) <= coarseBits ||
    oscillationAt(site) !== 'free' ||
    weightQuantizerOf(site.quantizer).learnsBits;
  return isWatched
    ? undefined
    : `Weights of ${coarseBits + 1} and more bits are not watched while they are left free: their steps are so fine that any weight crosses some by learning.`;
}

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

const estimatorField = {
  type: 'choice',
  key: 'estimator',
  label: 'Gradient estimator',
  help: 'How the gradient passes the rounding, whose own derivative is 0 almost everywhere.',
  options: estimators,
  omitted: 'ste',
} as const satisfies ChoiceField;
const roundingField = {
  type: 'choice',
  key: 'rounding',
  label: 'Rounding',
  help: 'Which of the two neighbouring levels a value becomes.',
  options: roundings,
  omitted: 'even',
} as const satisfies ChoiceField;

/** What is chosen at a site of weights and at one of activations; ./places.ts names the sites of every layer kind. */
export const siteFields = {
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
      {
        type: 'choice',
        key: 'range',
        label: 'Range',
        help: 'Whether the grid has as many levels below 0 as above. LSQ is always full, ternary weights always narrow.',
        options: weightRanges,
        omitted: 'narrow',
      } satisfies ChoiceField,
      estimatorField,
      roundingField,
      {
        type: 'choice',
        key: 'oscillation',
        label: 'Oscillation',
        help: 'What is done about weights that turn back and forth between two levels and get nowhere.',
        options: oscillations,
        omitted: 'free',
      } satisfies ChoiceField,
      {
        type: 'choice',
        key: 'penalty',
        label: 'Penalty per bit',
        help: 'What a bit costs where the width is learned.',
        options: penalties,
        omitted: 'medium',
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
      estimatorField,
      roundingField,
    ],
  },
} as const satisfies Record<string, SiteField>;
/** Which of the two a site rounds. */
export type TensorKind = keyof typeof siteFields;

export const weightSite = (bits: Bits): WeightSite => ({
  bits,
  quantizer: 'absmax',
  granularity: 'channel',
  range: 'narrow',
  estimator: 'ste',
  rounding: 'even',
  oscillation: 'free',
  penalty: 'medium',
});
export const activationSite = (bits: Bits): ActivationSite => ({
  bits,
  quantizer: 'ema',
  estimator: 'ste',
  rounding: 'even',
});

/**
 * The integer range of a weight grid: symmetric and narrow, [-(2^(n-1)-1), 2^(n-1)-1], or full, from -2^(n-1); 1 bit is
 * the sign, [-1, 1]. 32 bits have none.
 */
export function weightRange(bits: Bits, range: WeightRange = 'narrow'): { qmin: number; qmax: number } {
  const qmax = bits === 1 ? 1 : 2 ** (bits - 1) - 1;
  return { qmin: bits === 1 || range === 'narrow' ? -qmax : -qmax - 1, qmax };
}

/** The integer range of an activation grid: unsigned, [0, 2^n - 1]; a zero point moves it where values are signed. */
export function activationRange(bits: Bits): { qmin: number; qmax: number } {
  return { qmin: 0, qmax: 2 ** bits - 1 };
}
