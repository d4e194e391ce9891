/** The GRU's kernels in WGSL, one thread per element of the state. */
import type { Implementation } from '../definition';
import { sigmoidWgsl, tanhWgsl } from '../epilogue/tanh';
import { cellSizes, unitMain } from '../recurrent';
import { output, Shader } from '../webgpu';

const uniforms = ['units', 'hidden'];

const gatesShader = new Shader({
  name: 'gruGates',
  tensors: [
    { name: 'gates', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'h', use: 'in' },
  ],
  uniforms,
  code: `
${tanhWgsl}
${sigmoidWgsl}
${unitMain(
  3,
  `
  let z = gate + hidden;
  let n = z + hidden;
  let reset = sigmoidFloat32(exact(x[gate] + h[gate]));
  gates[gate] = reset;
  gates[z] = sigmoidFloat32(exact(x[z] + h[z]));
  gates[n] = tanhFloat32(exact(x[n] + exact(reset * h[n])));`,
)}`,
});

const gatesGradient = new Shader({
  name: 'gruGatesGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dh', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'h', use: 'in' },
    { name: 'gates', use: 'in' },
  ],
  uniforms,
  code: unitMain(
    3,
    `
  let z = gate + hidden;
  let n = z + hidden;
  let reset = gates[gate];
  let state = gates[n];
  let dState = exact(dy[n] * exact(1.0 - exact(state * state)));
  let dReset = exact(exact(dy[gate] + exact(dState * h[n])) * exact(reset * exact(1.0 - reset)));
  let dUpdate = exact(dy[z] * exact(gates[z] * exact(1.0 - gates[z])));
  dx[gate] = dReset;
  dh[gate] = dReset;
  dx[z] = dUpdate;
  dh[z] = dUpdate;
  dx[n] = dState;
  dh[n] = dState * reset;`,
  ),
});

const stateShader = new Shader({
  name: 'gruState',
  tensors: [
    { name: 'next', use: 'out' },
    { name: 'gates', use: 'in' },
    { name: 'h', use: 'in' },
  ],
  uniforms,
  code: unitMain(
    3,
    `
  let z = gates[gate + hidden];
  next[unit] = exact(exact(1.0 - z) * gates[gate + 2u * hidden]) + exact(z * h[unit]);`,
  ),
});

const stateGradient = new Shader({
  name: 'gruStateGradient',
  tensors: [
    { name: 'dgates', use: 'out' },
    { name: 'dh', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'gates', use: 'in' },
    { name: 'h', use: 'in' },
  ],
  uniforms,
  code: unitMain(
    3,
    `
  let z = gate + hidden;
  let n = z + hidden;
  dgates[gate] = 0.0;
  dgates[z] = dy[unit] * exact(h[unit] - gates[n]);
  dgates[n] = dy[unit] * exact(1.0 - gates[z]);
  dh[unit] = dy[unit] * gates[z];`,
  ),
});

export const gruGatesWebgpu: Implementation<'x' | 'h'> = ({ inputs: { x, h }, backend }) => {
  const gates = output(backend, x.shape);
  const [rows, hidden] = cellSizes(x, 3);
  gatesShader.runFor(backend, rows * hidden, [gates, x, h], [rows * hidden, hidden]);
  return gates;
};

export const gruGatesGradientWebgpu: Implementation<'dy' | 'h' | 'gates'> = ({
  inputs: { dy, h, gates },
  backend,
}) => {
  const [dx, dh] = [output(backend, gates.shape), output(backend, gates.shape)];
  const [rows, hidden] = cellSizes(gates, 3);
  gatesGradient.runFor(backend, rows * hidden, [dx, dh, dy, h, gates], [rows * hidden, hidden]);
  return [dx, dh];
};

export const gruStateWebgpu: Implementation<'gates' | 'h'> = ({ inputs: { gates, h }, backend }) => {
  const next = output(backend, h.shape);
  const [rows, hidden] = cellSizes(gates, 3);
  stateShader.runFor(backend, rows * hidden, [next, gates, h], [rows * hidden, hidden]);
  return next;
};

export const gruStateGradientWebgpu: Implementation<'dy' | 'gates' | 'h'> = ({
  inputs: { dy, gates, h },
  backend,
}) => {
  const [dgates, dh] = [output(backend, gates.shape), output(backend, h.shape)];
  const [rows, hidden] = cellSizes(gates, 3);
  stateGradient.runFor(backend, rows * hidden, [dgates, dh, dy, gates, h], [rows * hidden, hidden]);
  return [dgates, dh];
};
