/** The LSTM's kernels in WGSL, one thread per element of the state. */
import type { Implementation } from '../definition';
import { sigmoidWgsl, tanhWgsl } from '../epilogue/tanh';
import { cellSizes, unitMain } from '../recurrent';
import { output, Shader } from '../webgpu';

const uniforms = ['units', 'hidden'];

const gatesShader = new Shader({
  name: 'lstmGates',
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
  4,
  `
  let f = gate + hidden;
  let g = f + hidden;
  let o = g + hidden;
  gates[gate] = sigmoidFloat32(exact(x[gate] + h[gate]));
  gates[f] = sigmoidFloat32(exact(x[f] + h[f]));
  gates[g] = tanhFloat32(exact(x[g] + h[g]));
  gates[o] = sigmoidFloat32(exact(x[o] + h[o]));`,
)}`,
});

const gatesGradient = new Shader({
  name: 'lstmGatesGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'gates', use: 'in' },
  ],
  uniforms,
  code: `
fn sigmoidGradient(at: u32) {
  dx[at] = dy[at] * exact(gates[at] * exact(1.0 - gates[at]));
}
${unitMain(
  4,
  `
  let g = gate + 2u * hidden;
  sigmoidGradient(gate);
  sigmoidGradient(gate + hidden);
  dx[g] = dy[g] * exact(1.0 - exact(gates[g] * gates[g]));
  sigmoidGradient(g + hidden);`,
)}`,
});

/** A shader that computes y [B, H] from the gates and the cell. */
const forwardShader = (name: string, code: string) =>
  new Shader({
    name,
    tensors: [
      { name: 'y', use: 'out' },
      { name: 'gates', use: 'in' },
      { name: 'cell', use: 'in' },
    ],
    uniforms,
    code,
  });

/** A shader that computes the gradients to the gates and the cell. */
const gradientShader = (name: string, code: string) =>
  new Shader({
    name,
    tensors: [
      { name: 'dgates', use: 'out' },
      { name: 'dcell', use: 'out' },
      { name: 'dy', use: 'in' },
      { name: 'gates', use: 'in' },
      { name: 'cell', use: 'in' },
    ],
    uniforms,
    code,
  });

const stateShader = forwardShader(
  'lstmState',
  unitMain(
    4,
    `
  let kept = exact(gates[gate + hidden] * cell[unit]);
  y[unit] = kept + exact(gates[gate] * gates[gate + 2u * hidden]);`,
  ),
);

const stateGradient = gradientShader(
  'lstmStateGradient',
  unitMain(
    4,
    `
  let f = gate + hidden;
  let g = f + hidden;
  dgates[gate] = dy[unit] * gates[g];
  dgates[f] = dy[unit] * cell[unit];
  dgates[g] = dy[unit] * gates[gate];
  dgates[g + hidden] = 0.0;
  dcell[unit] = dy[unit] * gates[f];`,
  ),
);

const hiddenShader = forwardShader(
  'lstmHidden',
  `
${tanhWgsl}
${unitMain(4, 'y[unit] = gates[gate + 3u * hidden] * tanhFloat32(cell[unit]);')}`,
);

const hiddenGradient = gradientShader(
  'lstmHiddenGradient',
  `
${tanhWgsl}
${unitMain(
  4,
  `
  let f = gate + hidden;
  let g = f + hidden;
  let o = g + hidden;
  let t = tanhFloat32(cell[unit]);
  dgates[gate] = 0.0;
  dgates[f] = 0.0;
  dgates[g] = 0.0;
  dgates[o] = dy[unit] * t;
  dcell[unit] = exact(dy[unit] * gates[o]) * exact(1.0 - exact(t * t));`,
)}`,
);

const lstmGates: Implementation<'x' | 'h'> = ({ inputs: { x, h }, backend }) => {
  const gates = output(backend, x.shape);
  const [rows, hidden] = cellSizes(x, 4);
  gatesShader.runFor(backend, rows * hidden, [gates, x, h], [rows * hidden, hidden]);
  return gates;
};

const lstmGatesGradient: Implementation<'dy' | 'gates'> = ({ inputs: { dy, gates }, backend }) => {
  const dx = output(backend, gates.shape);
  const [rows, hidden] = cellSizes(gates, 4);
  gatesGradient.runFor(backend, rows * hidden, [dx, dy, gates], [rows * hidden, hidden]);
  return dx;
};

const forward =
  (shader: Shader): Implementation<'gates' | 'cell'> =>
  ({ inputs: { gates, cell }, backend }) => {
    const y = output(backend, cell.shape);
    const [rows, hidden] = cellSizes(gates, 4);
    shader.runFor(backend, rows * hidden, [y, gates, cell], [rows * hidden, hidden]);
    return y;
  };

const gradient =
  (shader: Shader): Implementation<'dy' | 'gates' | 'cell'> =>
  ({ inputs: { dy, gates, cell }, backend }) => {
    const [dgates, dcell] = [output(backend, gates.shape), output(backend, cell.shape)];
    const [rows, hidden] = cellSizes(gates, 4);
    shader.runFor(backend, rows * hidden, [dgates, dcell, dy, gates, cell], [rows * hidden, hidden]);
    return [dgates, dcell];
  };

const lstmState = forward(stateShader);
const lstmStateGradient = gradient(stateGradient);
const lstmHidden = forward(hiddenShader);
const lstmHiddenGradient = gradient(hiddenGradient);

export const lstmWebgpu = {
  lstmGates,
  lstmGatesGradient,
  lstmState,
  lstmStateGradient,
  lstmHidden,
  lstmHiddenGradient,
};
