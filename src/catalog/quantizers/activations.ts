/** Quantizer kinds for activations. src/quant/activations.ts implements them. */
import { foundAtRunTime, type QuantizerDescriptor, simulated } from './descriptor';

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
  dynamic: {
    label: 'Dynamic min-max',
    token: 'dyn',
    help: 'Each example, or each token of a sequence, gets scale and zero point from its own smallest and largest value, at every pass. Nothing is observed or stored; the range is found at run time.',
    ...foundAtRunTime,
  },
  dynamicAbsmax: {
    label: 'Dynamic abs-max',
    token: 'dynmax',
    help: 'Each example, or each token of a sequence, gets a symmetric grid that ends at its own largest absolute value, at every pass, as in BitNet (Ma et al. 2024). Nothing is observed or stored.',
    bits: [8, 7, 6, 5, 4, 3, 2],
    ...foundAtRunTime,
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

/** What a quantizer of activations says about itself, whichever it is. */
export const activationQuantizerOf = (kind: ActivationQuantizerKind): QuantizerDescriptor =>
  activationQuantizers[kind];
