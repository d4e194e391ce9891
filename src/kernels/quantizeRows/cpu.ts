/** Dynamic quantization in JavaScript, rounded to float32 after every operation. */
import { floats, result } from '../cpu';
import type { Implementation, KernelCall } from '../definition';
import { roundHalfEven } from '../rounding';
import { scaleAndInverse } from '../scale';
import { rowsOf } from './shapes';

const { fround } = Math;

/** Scale, inverse and zero point of one row. */
function paramsOf(row: Float32Array, qmin: number, qmax: number): [number, number, number] {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of row) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  if (qmin < 0) return [...scaleAndInverse(fround(Math.max(Math.abs(least), Math.abs(greatest)) / qmax)), 0];
  const levels = qmax - qmin;
  // (least - least) keeps a NaN and is 0 otherwise.
  const low = levels === 1 ? least - least : Math.min(least, 0);
  const [scale, inverse] = scaleAndInverse(fround(fround(Math.max(greatest, 0) - low) / levels));
  const steps = roundHalfEven(fround(low / scale));
  return [scale, inverse, Number.isNaN(scale) ? 0 : Math.min(Math.max(qmin - steps, qmin), qmax)];
}

export const rowParamsCpu: Implementation<'x' | 'settings'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  const { rows, length } = rowsOf(inputs.x.shape);
  const params = new Float32Array(4 * rows).fill(1, 0, 2 * rows);
  if (mode !== 0)
    for (let row = 0; row < rows; row++) {
      const found = paramsOf(x.subarray(row * length, (row + 1) * length), qmin, qmax);
      [...found, 1].forEach((value, k) => {
        params[k * rows + row] = value;
      });
    }
  return result(backend, [4, rows], params);
};

/** The rounded place of a value on its row's grid, the zero point added, and the row's zero point and scale. */
function places({ inputs, backend }: KernelCall<'x' | 'params'>) {
  const x = floats(backend, inputs.x);
  const params = floats(backend, inputs.params);
  const { rows, length } = rowsOf(inputs.x.shape);
  return (i: number) => {
    const row = Math.floor(i / length);
    const zeroPoint = params[2 * rows + row]!;
    const rounded = roundHalfEven(fround(x[i]! * params[rows + row]!)) + zeroPoint;
    return { rounded, zeroPoint, scale: params[row]! };
  };
}

export const quantizeRowsCpu: Implementation<'x' | 'params' | 'settings'> = (call) => {
  const { inputs, backend } = call;
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  const place = places(call);
  const y = floats(backend, inputs.x).map((value, i) => {
    if (mode === 0) return value;
    const { rounded, zeroPoint, scale } = place(i);
    return (Math.min(Math.max(rounded, qmin), qmax) - zeroPoint) * scale;
  });
  return result(backend, inputs.x.shape, y);
};

export const quantizeRowsGradientCpu: Implementation<'dq' | 'x' | 'params' | 'settings'> = (call) => {
  const { inputs, backend } = call;
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  const place = places(call);
  const dx = floats(backend, inputs.dq).map((upstream, i) => {
    if (mode === 0) return upstream;
    const { rounded } = place(i);
    return rounded >= qmin && rounded <= qmax ? upstream : 0;
  });
  return result(backend, inputs.x.shape, dx);
};
