/** The values that a quantizer works with, by the names that the page gives them: read from a site's params. */
import { type FloatFormatName, floatFormats } from '@/catalog/formats';
import type { ActivationQuantizerKind, WeightQuantizerKind } from '@/catalog/quantizers';
import type { Parameters } from './protocol';

/** A site's params, each the mean over its scales, and its grid. */
export interface SeenParams {
  scale: number;
  /** What takes a value to the grid. */
  inverse: number;
  zeroPoint: number;
  qmin: number;
  qmax: number;
  /** The width, a real number, where it is learned. */
  width?: number;
}
type Reader = (params: SeenParams) => Parameters;

/** Scale and the largest value that is not clipped. */
const stepAndClip: Reader = ({ scale, qmax }) => ({ step: scale, clip: scale * qmax });
const step: Reader = ({ scale }) => ({ step: scale });
/** Three levels: what is smaller than the threshold becomes 0, the rest plus or minus the level. */
const ternary: Reader = ({ scale, inverse }) => ({ threshold: 0.5 / inverse, level: scale });
const observed: Reader = ({ scale, zeroPoint, qmin, qmax }) => ({
  low: (qmin - zeroPoint) * scale,
  high: (qmax - zeroPoint) * scale,
});
/** The largest value of a float format. */
const floatClip =
  (format: FloatFormatName): Reader =>
  ({ scale }) => ({ step: scale, clip: scale * floatFormats[format].max });

/** One bit: the sign times a mean. */
const sign: Reader = ({ scale }) => ({ level: scale });

const weightReaders: Record<WeightQuantizerKind, Reader> = {
  absmax: stepAndClip,
  mse: stepAndClip,
  percentile: stepAndClip,
  pow2: stepAndClip,
  lsq: step,
  learnedBits: ({ width = 0, scale }) => ({ bits: width, clip: scale * (2 ** (width - 1) - 1) }),
  // Of the tanh that all are divided by: inverse is n / (2 M).
  dorefa: ({ inverse, qmax }) => ({ largest: qmax / (2 * inverse) }),
  twn: ternary,
  bitnet: ternary,
  e4m3: floatClip('e4m3'),
  e5m2: floatClip('e5m2'),
  e2m1: floatClip('e2m1'),
  mxfp8: step,
  mxfp4: step,
};

/** @param oneBit the sign times a mean, whatever the kind */
export const weightParameters = (
  kind: WeightQuantizerKind,
  params: SeenParams,
  oneBit: boolean,
): Parameters => (oneBit ? sign : weightReaders[kind])(params);

const activationReaders: Record<ActivationQuantizerKind, Reader> = {
  ema: observed,
  percentile: observed,
  mse: observed,
  lsq: step,
  lsqplus: ({ scale, zeroPoint }) => ({ step: scale, offset: -zeroPoint * scale }),
  pact: ({ scale, qmax }) => ({ clip: scale * qmax }),
  dorefa: ({ scale, qmax }) => ({ clip: scale * qmax }),
  dynamic: observed,
  dynamicAbsmax: stepAndClip,
  e4m3: floatClip('e4m3'),
  e5m2: floatClip('e5m2'),
  e2m1: floatClip('e2m1'),
};

export const activationParameters = (kind: ActivationQuantizerKind, params: SeenParams): Parameters =>
  activationReaders[kind](params);
