/** quantize and its gradient in JavaScript, rounded to float32 after every operation. */
import { floats, result } from '../cpu';
import type { Implementation } from '../definition';
import { roundHalfEven } from '../rounding';

export const quantizeCpu: Implementation<'x' | 'params' | 'settings'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const params = floats(backend, inputs.params);
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  const channels = inputs.params.shape[1]!;
  const q = x.map((value, i) => {
    if (mode === 0 || Number.isNaN(value)) return value;
    if (mode === 2) return value >= 0 ? 1 : -1;
    const c = i % channels;
    const zeroPoint = params[2 * channels + c]!;
    const rounded = roundHalfEven(Math.fround(value * params[channels + c]!)) + zeroPoint;
    return Math.min(Math.max(rounded, qmin), qmax) - zeroPoint;
  });
  return result(backend, inputs.x.shape, q);
};

export const quantizeGradientCpu: Implementation<'dq' | 'x' | 'params' | 'settings'> = ({
  inputs,
  backend,
}) => {
  const x = floats(backend, inputs.x);
  const params = floats(backend, inputs.params);
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  const channels = inputs.params.shape[1]!;
  const dx = floats(backend, inputs.dq).map((dq, i) => {
    if (mode === 0) return dq;
    const c = i % channels;
    const value = x[i]!;
    const inverse = params[channels + c]!;
    if (mode === 2) return Math.abs(value) <= 1 ? dq * inverse : 0;
    const rounded = roundHalfEven(Math.fround(value * inverse)) + params[2 * channels + c]!;
    return rounded >= qmin && rounded <= qmax ? dq * inverse : 0;
  });
  return result(backend, inputs.x.shape, dx);
};
