/**
 * What a site's settings tensor holds. It is written when the site's bits, quantizer or choices change, and read by the
 * kernels, so that a recorded step follows:
 *
 * | entry | name | holds |
 * |---|---|---|
 * | 0, 1 | qmin, qmax | the ends of the integer grid; with mode 3 the values -n and n, n = 2^bits - 1; with mode 4 minus the largest value and the largest |
 * | 2 | mode | 0 pass-through (32 bits), 1 affine, 2 sign times mean, 3 DoReFa's tanh, 4 a float format (kernels/quantizeFloat, quantizeMx) |
 * | 3 | granularity | 0 per tensor, 1 per channel or group |
 * | 4 | rule | where the gradient passes and what is learned (kernels/quantizeByRule/constants.ts) |
 * | 5 | estimator | how the gradient passes the rounding (same place) |
 * | 6 | stochastic | 1 rounds by chance while it trains |
 * | 7 | seed | of the site's random numbers, 0 to 2^24 - 1 |
 * | 8 | count | N of LSQ's gradient scale: weights of a channel or of the tensor that share a scale, or features of an activation for one example |
 * | 9 | penalty | λ times the weights' share of the network's, where the width is learned; else 0 |
 *
 * Kernels that round to nearest with a straight-through gradient read the first four only.
 */
import {
  type ActivationSite,
  activationBits,
  type Estimator,
  penalties,
  type WeightSite,
  weightBits,
  weightGranularity,
  weightQuantizerOf,
} from '@/catalog/quantizers';
import { estimators, modes, rules } from '@/kernels/quantizeByRule';

/** How a kernel rounds. */
export const mode = {
  passThrough: modes.passThrough,
  affine: modes.affine,
  signTimesMean: modes.sign,
  tanh: modes.tanh,
  float: 4,
} as const;
export { rules };

const perTensor = 0;
const perChannel = 1;
const estimatorNumbers: Record<Estimator, number> = estimators;

/** A grid of integers and how values come to it. */
export interface Grid {
  qmin: number;
  qmax: number;
  mode: number;
}
const noGrid: Grid = { qmin: 0, qmax: 0, mode: mode.passThrough };

/** What a site's quantizer says for its settings. */
interface Rule<S> {
  /** Of a site that is not float. */
  grid(site: S): Grid;
  rule: number;
}

/**
 * @param shape of the weights, output channel last
 * @param share of the network's weights that these are
 * @returns float32[10] for a weight site
 */
export function weightSettings(
  site: WeightSite,
  { grid, rule }: Rule<WeightSite>,
  shape: readonly number[],
  seed: number,
  share = 1,
): Float32Array {
  const { qmin, qmax, mode: how } = weightBits(site) === 32 ? noGrid : grid(site);
  const byChannel = weightGranularity(site) !== 'tensor';
  const size = shape.reduce((product, length) => product * length, 1);
  return Float32Array.of(
    qmin,
    qmax,
    how,
    byChannel ? perChannel : perTensor,
    rule,
    estimatorNumbers[site.estimator],
    Number(site.rounding === 'stochastic'),
    seed,
    byChannel ? size / (shape.at(-1) ?? 1) : size,
    weightQuantizerOf(site.quantizer).learnsBits ? penalties[site.penalty].strength * share : 0,
  );
}

/** @returns float32[9] for an activation site. @param shape of the activation for one example */
export function activationSettings(
  site: ActivationSite,
  { grid, rule }: Rule<ActivationSite>,
  shape: readonly number[],
  seed: number,
): Float32Array {
  const { qmin, qmax, mode: how } = activationBits(site) === 32 ? noGrid : grid(site);
  return Float32Array.of(
    qmin,
    qmax,
    how,
    perTensor,
    rule,
    estimatorNumbers[site.estimator],
    Number(site.rounding === 'stochastic'),
    seed,
    shape.reduce((product, length) => product * length, 1),
  );
}

/** Averaging constant of the moving min-max (PyTorch's MovingAverageMinMaxObserver default). */
const observerMomentum = 0.01;

/** @returns float32[4] = [min, max, initialised, momentum] of an observer that has seen nothing */
export const freshObserver = (): Float32Array => Float32Array.of(0, 0, 0, observerMomentum);

/** @returns float32[4, channels] that lets values through: scale 1, inverse 1, zero point 0, not quantized */
export function passThroughParams(channels: number): Float32Array {
  return new Float32Array(4 * channels).fill(1, 0, 2 * channels);
}
