/** The observer in JavaScript, rounded to float32 after every operation. */
import { floats, replace, result } from '../cpu';
import type { Implementation } from '../definition';
import { roundHalfEven } from '../rounding';
import { scaleAndInverse } from '../scale';

/** average + momentum * (value - average) */
function approach(average: number, value: number, momentum: number): number {
  return average + Math.fround(momentum * Math.fround(value - average));
}

export const observeMinMaxCpu: Implementation<'x' | 'state'> = ({ inputs, backend }) => {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of floats(backend, inputs.x)) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const [min = 0, max = 0, initialised = 0, momentum = 0] = floats(backend, inputs.state);
  const next = initialised
    ? [approach(min, least, momentum), approach(max, greatest, momentum), 1, momentum]
    : [least, greatest, 1, momentum];
  replace(backend, inputs.state, Float32Array.from(next));
  return [];
};

export const activationParamsCpu: Implementation<'state' | 'settings'> = ({ inputs, backend }) => {
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  if (mode === 0) return result(backend, [4, 1], Float32Array.of(1, 1, 0, 0));
  const state = floats(backend, inputs.state);
  const initialised = state[2] !== 0;
  const least = initialised ? state[0]! : 0;
  const greatest = initialised ? state[1]! : 1;
  const levels = qmax - qmin;
  const high = Math.max(greatest, 0);
  // (least - least) keeps a NaN and is 0 otherwise.
  const low = levels === 1 ? least - least : Math.min(least, 0);
  const [scale, inverse] = scaleAndInverse(Math.fround(Math.fround(high - low) / levels));
  const steps = roundHalfEven(Math.fround(low / scale));
  const zeroPoint = Number.isNaN(scale) ? 0 : Math.min(Math.max(qmin - steps, qmin), qmax);
  return result(backend, [4, 1], Float32Array.of(scale, inverse, zeroPoint, 1));
};
