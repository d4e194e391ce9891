/** The clipping observers in JavaScript. */
import { floats, replace } from '../cpu';
import type { Implementation } from '../definition';
import { roundHalfEven } from '../rounding';
import { scaleAndInverse } from '../scale';
import { bins, factors } from '../weightParams/methods/constants';
import { oneOutlierIn, sampleSize } from './constants';

const { fround } = Math;

function rangeOf(x: Float32Array): [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of x) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}

/** Moves the state towards a range; the first one sets it. */
function moved(state: Float32Array, least: number, greatest: number): Float32Array {
  const [min = 0, max = 0, initialised = 0, momentum = 0] = state;
  const approach = (average: number, value: number) => average + fround(momentum * fround(value - average));
  return initialised
    ? Float32Array.of(approach(min, least), approach(max, greatest), 1, momentum)
    : Float32Array.of(least, greatest, 1, momentum);
}

/** The upper edge of the lowest bin up to which at least `needed` values lie, in bins from 0. */
function edgeOf(histogram: Int32Array, needed: number): number {
  let seen = 0;
  for (let bin = 0; bin < bins - 1; bin++) {
    seen += histogram[bin]!;
    if (seen >= needed) return bin + 1;
  }
  return bins;
}

export const observePercentileCpu: Implementation<'x' | 'state'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const [least, greatest] = rangeOf(x);
  const span = fround(greatest - least);
  const perUnit = fround(bins / span);
  const histogram = new Int32Array(bins);
  for (const value of x) {
    const position = fround(fround(value - least) * perUnit);
    histogram[position < bins ? Math.trunc(position) : bins - 1]!++;
  }
  const needed = x.length - Math.floor(x.length / oneOutlierIn);
  const high = edgeOf(histogram, needed);
  const low = bins - edgeOf(histogram.reverse(), needed);
  const at = (edge: number) => fround(least + fround(span * (edge / bins)));
  const top = high === bins ? greatest : at(high);
  replace(backend, inputs.state, moved(floats(backend, inputs.state), low === 0 ? least : at(low), top));
  return [];
};

export const observeMseCpu: Implementation<'x' | 'state' | 'settings'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  const [least, greatest] = rangeOf(x);
  const stride = Math.ceil(x.length / sampleSize);
  const levels = qmax - qmin;
  let best = 1;
  let smallest = Number.POSITIVE_INFINITY;
  for (const factor of mode === 0 ? [] : factors) {
    const high = fround(Math.max(greatest, 0) * factor);
    const low = levels === 1 ? 0 : fround(Math.min(least, 0) * factor);
    const [scale, inverse] = scaleAndInverse(fround(fround(high - low) / levels));
    const zeroPoint = Math.min(Math.max(qmin - roundHalfEven(fround(low / scale)), qmin), qmax);
    let sum = 0;
    for (let i = 0; i < x.length; i += stride) {
      const q = roundHalfEven(fround(x[i]! * inverse)) + zeroPoint;
      const error = fround(x[i]! - fround((Math.min(Math.max(q, qmin), qmax) - zeroPoint) * scale));
      sum += error * error;
    }
    if (sum > smallest) continue;
    smallest = sum;
    best = factor;
  }
  const state = floats(backend, inputs.state);
  replace(backend, inputs.state, moved(state, fround(least * best), fround(greatest * best)));
  return [];
};
