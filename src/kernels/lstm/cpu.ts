/** The LSTM's kernels in JavaScript, rounded to float32 after every operation. */
import { floats, result } from '../cpu';
import type { Implementation } from '../definition';
import { sigmoidFloat32, tanhFloat32 } from '../epilogue/tanh';
import { cellSizes, forEachUnit } from '../recurrent';

const { fround } = Math;

const lstmGates: Implementation<'x' | 'h'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const h = floats(backend, inputs.h);
  const sizes = cellSizes(inputs.x, 4);
  const gates = new Float32Array(x.length);
  forEachUnit(sizes, 4, (_, i) => {
    for (let part = 0; part < 4; part++) {
      const at = i + part * sizes[1];
      const apply = part === 2 ? tanhFloat32 : sigmoidFloat32;
      gates[at] = apply(fround(x[at]! + h[at]!));
    }
  });
  return result(backend, inputs.x.shape, gates);
};

const lstmGatesGradient: Implementation<'dy' | 'gates'> = ({ inputs, backend }) => {
  const dy = floats(backend, inputs.dy);
  const gates = floats(backend, inputs.gates);
  const sizes = cellSizes(inputs.gates, 4);
  const dx = new Float32Array(gates.length);
  forEachUnit(sizes, 4, (_, i) => {
    for (let part = 0; part < 4; part++) {
      const at = i + part * sizes[1];
      const y = gates[at]!;
      dx[at] = dy[at]! * (part === 2 ? fround(1 - fround(y * y)) : fround(y * fround(1 - y)));
    }
  });
  return result(backend, inputs.gates.shape, dx);
};

const lstmState: Implementation<'gates' | 'cell'> = ({ inputs, backend }) => {
  const gates = floats(backend, inputs.gates);
  const cell = floats(backend, inputs.cell);
  const sizes = cellSizes(inputs.gates, 4);
  const next = new Float32Array(cell.length);
  forEachUnit(sizes, 4, (unit, i) => {
    const kept = fround(gates[i + sizes[1]]! * cell[unit]!);
    next[unit] = kept + fround(gates[i]! * gates[i + 2 * sizes[1]]!);
  });
  return result(backend, inputs.cell.shape, next);
};

const lstmStateGradient: Implementation<'dy' | 'gates' | 'cell'> = ({ inputs, backend }) => {
  const dy = floats(backend, inputs.dy);
  const gates = floats(backend, inputs.gates);
  const cell = floats(backend, inputs.cell);
  const sizes = cellSizes(inputs.gates, 4);
  const dgates = new Float32Array(gates.length);
  const dcell = new Float32Array(cell.length);
  forEachUnit(sizes, 4, (unit, i) => {
    const f = i + sizes[1];
    const g = f + sizes[1];
    dgates[i] = dy[unit]! * gates[g]!;
    dgates[f] = dy[unit]! * cell[unit]!;
    dgates[g] = dy[unit]! * gates[i]!;
    dcell[unit] = dy[unit]! * gates[f]!;
  });
  return [result(backend, inputs.gates.shape, dgates), result(backend, inputs.cell.shape, dcell)];
};

const lstmHidden: Implementation<'gates' | 'cell'> = ({ inputs, backend }) => {
  const gates = floats(backend, inputs.gates);
  const cell = floats(backend, inputs.cell);
  const sizes = cellSizes(inputs.gates, 4);
  const h = new Float32Array(cell.length);
  forEachUnit(sizes, 4, (unit, i) => {
    h[unit] = gates[i + 3 * sizes[1]]! * tanhFloat32(cell[unit]!);
  });
  return result(backend, inputs.cell.shape, h);
};

const lstmHiddenGradient: Implementation<'dy' | 'gates' | 'cell'> = ({ inputs, backend }) => {
  const dy = floats(backend, inputs.dy);
  const gates = floats(backend, inputs.gates);
  const cell = floats(backend, inputs.cell);
  const sizes = cellSizes(inputs.gates, 4);
  const dgates = new Float32Array(gates.length);
  const dcell = new Float32Array(cell.length);
  forEachUnit(sizes, 4, (unit, i) => {
    const o = i + 3 * sizes[1];
    const t = tanhFloat32(cell[unit]!);
    dgates[o] = dy[unit]! * t;
    dcell[unit] = fround(dy[unit]! * gates[o]!) * fround(1 - fround(t * t));
  });
  return [result(backend, inputs.gates.shape, dgates), result(backend, inputs.cell.shape, dcell)];
};

export const lstmCpu = {
  lstmGates,
  lstmGatesGradient,
  lstmState,
  lstmStateGradient,
  lstmHidden,
  lstmHiddenGradient,
};
