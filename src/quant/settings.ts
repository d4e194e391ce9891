/** What a site's settings tensor holds: [qmin, qmax, mode, granularity]. Written when bits change, read by the kernels. */
import type { ActivationSite, WeightSite } from '@/catalog/quantizers';
import { activationRange, weightRange } from '@/catalog/quantizers';

/** How a kernel rounds. */
export const mode = { passThrough: 0, affine: 1, signTimesMean: 2 } as const;
const perTensor = 0;
const perChannel = 1;

/** @returns float32[4] for a weight site */
export function weightSettings({ bits, granularity }: WeightSite): Float32Array {
  const channels = granularity === 'channel' ? perChannel : perTensor;
  if (bits === 32) return Float32Array.of(0, 0, mode.passThrough, channels);
  const { qmin, qmax } = weightRange(bits);
  return Float32Array.of(qmin, qmax, bits === 1 ? mode.signTimesMean : mode.affine, channels);
}

/** @returns float32[4] for an activation site */
export function activationSettings({ bits }: ActivationSite): Float32Array {
  if (bits === 32) return Float32Array.of(0, 0, mode.passThrough, perTensor);
  const { qmin, qmax } = activationRange(bits);
  return Float32Array.of(qmin, qmax, mode.affine, perTensor);
}

/** Averaging constant of the moving min-max (PyTorch's MovingAverageMinMaxObserver default). */
const observerMomentum = 0.01;

/** @returns float32[4] = [min, max, initialised, momentum] of an observer that has seen nothing */
export const freshObserver = (): Float32Array => Float32Array.of(0, 0, 0, observerMomentum);

/** @returns float32[4, channels] that lets values through: scale 1, inverse 1, zero point 0, not quantized */
export function passThroughParams(channels: number): Float32Array {
  return new Float32Array(4 * channels).fill(1, 0, 2 * channels);
}
