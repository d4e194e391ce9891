/** Requantization in JavaScript: factors rounded to float32 after every operation, products exact. */
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { roundHalfEven } from '../rounding';
import { largestMultiplier, largestShift } from './constants';

const { fround } = Math;

const exponents = new Float32Array(1);
const exponentBits = new Int32Array(exponents.buffer);
/** floor(log2(x)) of a float32 >= 0; -127 for 0 and subnormal numbers. */
function exponentOf(x: number): number {
  exponents[0] = x;
  return ((exponentBits[0]! >>> 23) & 255) - 127;
}

export const factorsCpu: Implementation<
  'inputParams' | 'weightParams' | 'bias' | 'moreParams' | 'outParams'
> = ({ inputs, backend }) => {
  const [inputScale = 0] = floats(backend, inputs.inputParams);
  const moreScales = floats(backend, inputs.moreParams);
  const moreStep = Number(lastAxis(inputs.moreParams.shape) > 1);
  const [outScale = 1] = floats(backend, inputs.outParams);
  const scales = floats(backend, inputs.weightParams);
  const bias = floats(backend, inputs.bias);
  const channels = lastAxis(inputs.weightParams.shape);
  const factors = new Float32Array(4 * channels);
  for (let c = 0; c < channels; c++) {
    const scale = fround(inputScale * scales[c]!);
    const own = fround(scale / outScale);
    const other = fround(moreScales[c * moreStep]! / outScale);
    const shift = Math.min(Math.max(30 - exponentOf(Math.max(own, other)), 1), largestShift);
    const power = 2 ** shift;
    factors[c] = Math.min(roundHalfEven(own * power), largestMultiplier);
    factors[channels + c] = Math.min(roundHalfEven(other * power), largestMultiplier);
    factors[2 * channels + c] = shift;
    factors[3 * channels + c] = roundHalfEven(fround(bias[c]! / scale));
  }
  return result(backend, [4, channels], factors);
};

/** round((v * m + w * n) / 2^shift), half to even. */
function rounded(v: number, m: number, w: number, n: number, shift: number): number {
  if (Math.abs(v * m) + Math.abs(w * n) < 2 ** 51) return roundHalfEven((v * m + w * n) / 2 ** shift);
  const sum = BigInt(v) * BigInt(m) + BigInt(w) * BigInt(n);
  const s = BigInt(shift);
  const below = sum >> s;
  const twice = (sum - (below << s)) * 2n;
  const unit = 1n << s;
  return Number(twice > unit || (twice === unit && (below & 1n) === 1n) ? below + 1n : below);
}

export const requantizeCpu: Implementation<'sums' | 'more' | 'factors' | 'outParams' | 'settings'> = ({
  inputs,
  backend,
}) => {
  const sums = floats(backend, inputs.sums);
  const more = floats(backend, inputs.more);
  const factors = floats(backend, inputs.factors);
  const zeroPoint = floats(backend, inputs.outParams)[2]!;
  const [qmin = 0, qmax = 0] = floats(backend, inputs.settings);
  const channels = lastAxis(inputs.factors.shape);
  const y = Float32Array.from(sums, (sum, i) => {
    const c = i % channels;
    const [m, n] = [factors[c]!, factors[channels + c]!];
    const [shift, bias] = [factors[2 * channels + c]!, factors[3 * channels + c]!];
    const other = more[more.length === 1 ? 0 : i]!;
    if (Number.isNaN(sum + other + m + n + bias)) return Number.NaN;
    const q = rounded(sum + bias, m, other, n, shift) + zeroPoint;
    return Math.min(Math.max(q, qmin), qmax) - zeroPoint;
  });
  return result(backend, inputs.sums.shape, y);
};
