/** Quantizer kinds for weights. src/quant/weights.ts implements them. */
import { blockFormats } from '../formats';
import { type QuantizerDescriptor, simulated } from './descriptor';

export const weightQuantizers = {
  absmax: {
    label: 'Abs-max',
    token: 'absmax',
    help: 'A symmetric grid around zero point 0: the largest absolute weight lands on the last level, so nothing is clipped. At 1 bit: the sign times the mean absolute weight.',
    deploysTo: 'integer',
    groups: true,
  },
  mse: {
    label: 'MSE clipping',
    token: 'mse',
    help: 'The grid, out of 64 between 0.2 and 1 times the abs-max one, whose squared rounding error is smallest. It clips a few large weights to round the others more finely.',
    deploysTo: 'integer',
    groups: true,
  },
  percentile: {
    label: 'Percentile',
    token: 'pct',
    help: 'The grid ends where 99 % of the absolute weights lie below, so that single outliers are clipped and do not widen it.',
    deploysTo: 'integer',
    groups: true,
  },
  pow2: {
    label: 'Power of two',
    token: 'pot',
    help: 'The abs-max scale rounded up to a power of two, so that hardware shifts where it would multiply; nothing is clipped.',
    deploysTo: 'integer',
    groups: true,
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
    oscillation: 'free',
  },
  twn: {
    label: 'Ternary (TWN)',
    token: 'twn',
    help: 'Three levels: weights below 0.7 times the mean magnitude become 0, the others plus or minus the mean of those above it (Li et al. 2016). Stored in 2 bits.',
    deploysTo: 'integer',
    bits: [2],
    range: 'narrow',
    groups: true,
  },
  bitnet: {
    label: 'Ternary (BitNet b1.58)',
    token: 'bitnet',
    help: 'Three levels: the weight over the mean magnitude, rounded and clipped to −1, 0 or 1 (Ma et al. 2024). Stored in 2 bits.',
    deploysTo: 'integer',
    bits: [2],
    range: 'narrow',
    groups: true,
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

/** What a quantizer of weights says about itself, whichever it is. */
export const weightQuantizerOf = (kind: WeightQuantizerKind): QuantizerDescriptor => weightQuantizers[kind];
