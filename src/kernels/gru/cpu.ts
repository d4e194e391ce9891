/** The GRU's kernels in JavaScript, rounded to float32 after every operation. */
import { floats, result } from '../cpu';
import type { Implementation } from '../definition';
import { sigmoidFloat32, tanhFloat32 } from '../epilogue/tanh';
import { cellSizes, forEachUnit } from '../recurrent';

const { fround } = Math;

export const gruGatesCpu: Implementation<'x' | 'h'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const h = floats(backend, inputs.h);
  const sizes = cellSizes(inputs.x, 3);
  const gates = new Float32Array(x.length);
  forEachUnit(sizes, 3, (_, r) => {
    const z = r + sizes[1];
    const n = z + sizes[1];
    const reset = sigmoidFloat32(fround(x[r]! + h[r]!));
    gates[r] = reset;
    gates[z] = sigmoidFloat32(fround(x[z]! + h[z]!));
    gates[n] = tanhFloat32(fround(x[n]! + fround(reset * h[n]!)));
  });
  return result(backend, inputs.x.shape, gates);
};

export const gruGatesGradientCpu: Implementation<'dy' | 'h' | 'gates'> = ({ inputs, backend }) => {
  const dy = floats(backend, inputs.dy);
  const h = floats(backend, inputs.h);
  const gates = floats(backend, inputs.gates);
  const sizes = cellSizes(inputs.gates, 3);
  const dx = new Float32Array(gates.length);
  const dh = new Float32Array(gates.length);
  forEachUnit(sizes, 3, (_, r) => {
    const z = r + sizes[1];
    const n = z + sizes[1];
    const [reset, update, state] = [gates[r]!, gates[z]!, gates[n]!];
    const dState = fround(dy[n]! * fround(1 - fround(state * state)));
    const dReset = fround(dy[r]! + fround(dState * h[n]!));
    dx[r] = dh[r] = dReset * fround(reset * fround(1 - reset));
    dx[z] = dh[z] = dy[z]! * fround(update * fround(1 - update));
    dx[n] = dState;
    dh[n] = dState * reset;
  });
  return [result(backend, inputs.gates.shape, dx), result(backend, inputs.gates.shape, dh)];
};

export const gruStateCpu: Implementation<'gates' | 'h'> = ({ inputs, backend }) => {
  const gates = floats(backend, inputs.gates);
  const h = floats(backend, inputs.h);
  const sizes = cellSizes(inputs.gates, 3);
  const next = new Float32Array(h.length);
  forEachUnit(sizes, 3, (unit, r) => {
    const z = gates[r + sizes[1]]!;
    const fresh = fround(fround(1 - z) * gates[r + 2 * sizes[1]]!);
    next[unit] = fresh + fround(z * h[unit]!);
  });
  return result(backend, inputs.h.shape, next);
};

export const gruStateGradientCpu: Implementation<'dy' | 'gates' | 'h'> = ({ inputs, backend }) => {
  const dy = floats(backend, inputs.dy);
  const gates = floats(backend, inputs.gates);
  const h = floats(backend, inputs.h);
  const sizes = cellSizes(inputs.gates, 3);
  const dgates = new Float32Array(gates.length);
  const dh = new Float32Array(h.length);
  forEachUnit(sizes, 3, (unit, r) => {
    const z = r + sizes[1];
    const n = z + sizes[1];
    dgates[z] = dy[unit]! * fround(h[unit]! - gates[n]!);
    dgates[n] = dy[unit]! * fround(1 - gates[z]!);
    dh[unit] = dy[unit]! * gates[z]!;
  });
  return [result(backend, inputs.gates.shape, dgates), result(backend, inputs.h.shape, dh)];
};
