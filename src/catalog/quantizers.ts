/**
 * Quantizer kinds, for weights and for activations. The engine's implementations (src/quant) satisfy these registries;
 * the page, the link grammar and the size accounting read them.
 */
import { z } from 'zod';
import { type Bits, bitsSchema } from './bits';
import type { ChoiceField, NumberField, SiteField } from './fields';
import { type BlockFormatName, blockFormats, type FloatFormatName } from './formats';

export interface QuantizerDescriptor {
  /** What the page calls it. */
  label: string;
  /** The word that stands for it in links; never changes once published. */
  token: string;
  /** One or two sentences for the tooltip; the first one opens its section in docs/quantizers. */
  help: string;
  /** What the trained network can become. */
  deploysTo: 'integer' | 'simulation only';
  /** The widths it has; every width where absent. A site asks for any width and gets the nearest of them: see fitBits. */
  bits?: readonly Bits[];
  /** The integer range it always has; where absent the site's own choice counts. */
  range?: WeightRange;
  /** What it learns by gradient, as the page names it. */
  learns?: readonly string[];
  /** The estimator and the rounding it always has; where absent the site's own choice counts. */
  estimator?: Estimator;
  rounding?: Rounding;
  /** The float format it rounds to; integers where absent. */
  format?: FloatFormatName;
  /** The block format whose scales are stored with the values; granularity then plays no part. */
  blocks?: BlockFormatName;
}

/** What the float formats have in common: no integer form, and one way to round. */
const simulated = { deploysTo: 'simulation only', estimator: 'ste', rounding: 'even' } as const;

export const weightQuantizers = {
  absmax: {
    label: 'Abs-max',
    token: 'absmax',
    help: 'A symmetric grid around zero point 0: the largest absolute weight lands on the last level, so nothing is clipped. At 1 bit: the sign times the mean absolute weight.',
    deploysTo: 'integer',
  },
  mse: {
    label: 'MSE clipping',
    token: 'mse',
    help: 'The grid, out of 64 between 0.2 and 1 times the abs-max one, whose squared rounding error is smallest. It clips a few large weights to round the others more finely.',
    deploysTo: 'integer',
  },
  percentile: {
    label: 'Percentile',
    token: 'pct',
    help: 'The grid ends where 99 % of the absolute weights lie below, so that single outliers are clipped and do not widen it.',
    deploysTo: 'integer',
  },
  pow2: {
    label: 'Power of two',
    token: 'pot',
    help: 'The abs-max scale rounded up to a power of two, so that hardware shifts where it would multiply; nothing is clipped.',
    deploysTo: 'integer',
  },
  lsq: {
    label: 'LSQ',
    token: 'lsq',
    help: 'Learned step size: the scale is trained with the weights, by the gradient of the loss through the rounding (Esser et al. 2020). The grid has the full range, one level more below 0.',
    deploysTo: 'integer',
    range: 'full',
    learns: ['step'],
  },
  dorefa: {
    label: 'DoReFa',
    token: 'dorefa',
    help: 'Weights pass through tanh, are divided by the largest, and are rounded to 2ⁿ even levels from −1 to 1, of which none is 0 (Zhou et al. 2016). At 1 bit: the sign times the mean absolute weight.',
    deploysTo: 'integer',
  },
  twn: {
    label: 'Ternary (TWN)',
    token: 'twn',
    help: 'Three levels: weights below 0.7 times the mean magnitude become 0, the others plus or minus the mean of those above it (Li et al. 2016). Stored in 2 bits.',
    deploysTo: 'integer',
    bits: [2],
    range: 'narrow',
  },
  bitnet: {
    label: 'Ternary (BitNet b1.58)',
    token: 'bitnet',
    help: 'Three levels: the weight over the mean magnitude, rounded and clipped to −1, 0 or 1 (Ma et al. 2024). Stored in 2 bits.',
    deploysTo: 'integer',
    bits: [2],
    range: 'narrow',
  },
  e4m3: {
    label: 'FP8 E4M3',
    token: 'e4m3',
    help: 'An 8-bit float with 4 exponent and 3 mantissa bits: fine near 0, coarse far from it. The largest absolute weight lands on its largest value, 448.',
    bits: [8],
    format: 'e4m3',
    ...simulated,
  },
  e5m2: {
    label: 'FP8 E5M2',
    token: 'e5m2',
    help: 'An 8-bit float with 5 exponent and 2 mantissa bits: more range than E4M3 and half its precision. The largest absolute weight lands on its largest value, 57,344.',
    bits: [8],
    format: 'e5m2',
    ...simulated,
  },
  e2m1: {
    label: 'FP4 E2M1',
    token: 'e2m1',
    help: 'A 4-bit float: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives, times the scale. The largest absolute weight lands on 6.',
    bits: [4],
    format: 'e2m1',
    ...simulated,
  },
  mxfp8: {
    label: 'MXFP8',
    token: 'mxfp8',
    help: 'Blocks of 32 weights along the input channels share a power of two, and each weight is an E4M3 float times it (OCP Microscaling). Each block costs a byte more.',
    bits: [8],
    format: blockFormats.mxfp8.element,
    blocks: 'mxfp8',
    ...simulated,
  },
  mxfp4: {
    label: 'MXFP4',
    token: 'mxfp4',
    help: 'Blocks of 32 weights along the input channels share a power of two, and each weight is an E2M1 float times it (OCP Microscaling). Each block costs a byte more.',
    bits: [4],
    format: blockFormats.mxfp4.element,
    blocks: 'mxfp4',
    ...simulated,
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
  percentile: {
    label: 'Percentile',
    token: 'pct',
    help: 'An observer follows the 0.1st and the 99.9th percentile of each training batch, so that rare large values are clipped.',
    deploysTo: 'integer',
  },
  mse: {
    label: 'MSE clipping',
    token: 'mse',
    help: 'An observer follows the range, out of 64 between 0.2 and 1 times that of the batch, whose squared rounding error is smallest.',
    deploysTo: 'integer',
  },
  lsq: {
    label: 'LSQ',
    token: 'lsq',
    help: 'Learned step size: the scale is trained with the weights, by the gradient of the loss through the rounding (Esser et al. 2020). It starts from the mean magnitude of the first batch.',
    deploysTo: 'integer',
    learns: ['step'],
  },
  lsqplus: {
    label: 'LSQ+',
    token: 'lsqplus',
    help: 'LSQ with a learned offset too, so that the grid can move along the values (Bhalgat et al. 2020). The offset is kept a whole number of steps, so that 0 stays exact.',
    deploysTo: 'integer',
    learns: ['step', 'offset'],
  },
  pact: {
    label: 'PACT',
    token: 'pact',
    help: 'A learned clip: values above it are cut off, and they alone push it up, against a penalty on its square (Choi et al. 2018). Made for the output of ReLU: what is below 0 becomes 0.',
    deploysTo: 'integer',
    learns: ['clip'],
  },
  dorefa: {
    label: 'DoReFa',
    token: 'dorefa',
    help: 'A fixed grid from 0 to 1; what is outside is clipped (Zhou et al. 2016).',
    deploysTo: 'integer',
  },
  e4m3: {
    label: 'FP8 E4M3',
    token: 'e4m3',
    help: 'An 8-bit float with 4 exponent and 3 mantissa bits: fine near 0, coarse far from it. The larger end of the observed range (EMA min-max) lands on its largest value, 448.',
    bits: [8],
    format: 'e4m3',
    ...simulated,
  },
  e5m2: {
    label: 'FP8 E5M2',
    token: 'e5m2',
    help: 'An 8-bit float with 5 exponent and 2 mantissa bits: more range than E4M3 and half its precision. The larger end of the observed range (EMA min-max) lands on its largest value, 57,344.',
    bits: [8],
    format: 'e5m2',
    ...simulated,
  },
  e2m1: {
    label: 'FP4 E2M1',
    token: 'e2m1',
    help: 'A 4-bit float: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives, times the scale. The larger end of the observed range (EMA min-max) lands on 6; after ReLU the negatives are unused.',
    bits: [4],
    format: 'e2m1',
    ...simulated,
  },
} as const satisfies Record<string, QuantizerDescriptor>;
export type ActivationQuantizerKind = keyof typeof activationQuantizers;

/** What a quantizer of weights says about itself, whichever it is. */
export const weightQuantizerOf = (kind: WeightQuantizerKind): QuantizerDescriptor => weightQuantizers[kind];
/** What a quantizer of activations says about itself, whichever it is. */
export const activationQuantizerOf = (kind: ActivationQuantizerKind): QuantizerDescriptor =>
  activationQuantizers[kind];

export const granularities = {
  channel: {
    label: 'per channel',
    token: 'pc',
    help: 'One scale for each output channel, 4 bytes apiece: a channel of small weights gets a finer grid.',
  },
  tensor: { label: 'per tensor', token: 'pt', help: 'One scale for all weights of the layer.' },
} as const;
export type Granularity = keyof typeof granularities;

export const weightRanges = {
  narrow: {
    label: 'narrow',
    token: 'nr',
    help: 'As many levels below 0 as above: 2ⁿ − 1 of them, so that n-bit weights can be negated.',
  },
  full: {
    label: 'full',
    token: 'fr',
    help: 'All 2ⁿ levels of a signed integer, one more below 0 than above.',
  },
} as const;
export type WeightRange = keyof typeof weightRanges;

/** How the gradient passes the rounding, whose own derivative is 0 almost everywhere. */
export const estimators = {
  ste: {
    label: 'straight-through',
    token: 'ste',
    help: 'The gradient passes the rounding unchanged, and is 0 where the value was clipped (Bengio et al. 2013).',
  },
  ewgs: {
    label: 'EWGS',
    token: 'ewgs',
    help: 'Element-wise gradient scaling: the gradient is made up to a tenth larger or smaller by the rounding error, so that values drift to the level they round to (Lee et al. 2021).',
  },
  soft: {
    label: 'soft tanh',
    token: 'soft',
    help: 'The derivative of a smooth staircase made of tanh: large halfway between two levels, small on them (Gong et al. 2019).',
  },
  none: {
    label: 'none',
    token: 'nograd',
    help: 'The true derivative of rounding, 0: nothing before the rounding learns. To show why an estimator is needed.',
  },
} as const;
export type Estimator = keyof typeof estimators;

export const roundings = {
  even: { label: 'to nearest', token: 'even', help: 'To the nearest level; halfway, to the even one.' },
  stochastic: {
    label: 'stochastic',
    token: 'sr',
    help: 'While training, up or down by chance, in proportion to the distance, so that the mean is exact. Evaluation rounds to nearest.',
  },
} as const;
export type Rounding = keyof typeof roundings;

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
/** The width that an activation site really has. */
export const activationBits = ({ quantizer, bits }: ActivationSite): Bits =>
  fitBits(activationQuantizerOf(quantizer), bits);

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
export type SiteName = keyof typeof sites;

export const weightSite = (bits: Bits): WeightSite => ({
  bits,
  quantizer: 'absmax',
  granularity: 'channel',
  range: 'narrow',
  estimator: 'ste',
  rounding: 'even',
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

/** The settings of a site that are chosen from a registry and may change while it trains, by their key. */
export const siteChoices = {
  weights: Object.fromEntries(
    sites.weights.fields.flatMap((field) => (field.type === 'choice' ? [[field.key, field.options]] : [])),
  ),
  activations: Object.fromEntries(
    sites.activations.fields.flatMap((field) =>
      field.type === 'choice' ? [[field.key, field.options]] : [],
    ),
  ),
} as Readonly<Record<SiteName, Readonly<Record<string, ChoiceField['options']>>>>;
