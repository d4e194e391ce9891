/** Dynamic quantization in WGSL: one workgroup finds the range of a row, then one thread rounds an element. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { ordering } from '../observe/webgpu';
import { output, Shader } from '../webgpu';
import { rowsOf } from './shapes';

const lanes = 64;

const findParams = new Shader({
  name: 'rowParams',
  tensors: [
    { name: 'params', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['rows', 'rowLength'],
  workgroupSize: lanes,
  code: `
${ordering}
var<workgroup> lows: array<u32, ${lanes}>;
var<workgroup> highs: array<u32, ${lanes}>;

fn main(row: u32, lane: u32) {
  let rows = u32(uniforms.rows);
  let length = u32(uniforms.rowLength);
  /* Beyond the last row: every lane goes on, with nothing to read. */
  let end = select(0u, (row + 1u) * length, row < rows);
  var low = 0xffffffffu;
  var high = 0u;
  for (var i = row * length + lane; i < end; i = i + ${lanes}u) {
    let key = ordered(x[i]);
    low = min(low, key);
    high = max(high, key);
  }
  lows[lane] = low;
  highs[lane] = high;
  workgroupBarrier();
  for (var width = ${lanes / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      lows[lane] = min(lows[lane], lows[lane + width]);
      highs[lane] = max(highs[lane], highs[lane + width]);
    }
    workgroupBarrier();
  }
  if (lane > 0u || row >= rows) { return; }
  let quantizes = settings[2] != 0.0;
  var scale = 1.0;
  var inverse = 1.0;
  var zeroPoint = 0.0;
  if (quantizes) {
    let least = restored(lows[0]);
    let greatest = restored(highs[0]);
    let qmin = settings[0];
    let qmax = settings[1];
    let levels = qmax - qmin;
    let low = select(min(least, 0.0), 0.0, levels == 1.0);
    let span = exact(max(greatest, 0.0) - low);
    let symmetric = qmin < 0.0;
    let found = divide(
      select(span, max(abs(least), abs(greatest)), symmetric),
      select(levels, qmax, symmetric),
    );
    let finite = isFinite(least) && isFinite(greatest) && isFinite(found);
    let stored = max(found, 0x1p-24);
    scale = select(uniforms.nan, stored, finite);
    inverse = select(uniforms.nan, divide(1.0, stored), finite);
    if (finite && !symmetric) { zeroPoint = clamp(qmin - round(divide(low, stored)), qmin, qmax); }
  }
  params[row] = scale;
  params[rows + row] = inverse;
  params[2u * rows + row] = zeroPoint;
  params[3u * rows + row] = select(0.0, 1.0, quantizes);
}`,
});

const rounding = `
fn roundedAt(i: u32, row: u32) -> f32 {
  let rows = u32(uniforms.rows);
  return round(x[i] * params[rows + row]) + params[2u * rows + row];
}
`;

const forward = new Shader({
  name: 'quantizeRows',
  tensors: [
    { name: 'y', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['rows', 'rowLength'],
  code: `
${rounding}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let row = i / u32(uniforms.rowLength);
  let scale = params[row];
  let zeroPoint = params[2u * u32(uniforms.rows) + row];
  let q = clamp(roundedAt(i, row), settings[0], settings[1]) - zeroPoint;
  let known = select(q * scale, scale, isNan(scale));
  y[i] = select(known, x[i], settings[2] == 0.0);
}`,
});

const gradient = new Shader({
  name: 'quantizeRowsGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dq', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['rows', 'rowLength'],
  code: `
${rounding}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let row = i / u32(uniforms.rowLength);
  let r = roundedAt(i, row);
  let inside = r >= settings[0] && r <= settings[1] && !isNan(params[row]);
  dx[i] = select(0.0, dq[i], inside || settings[2] == 0.0);
}`,
});

export const rowParamsWebgpu: Implementation<'x' | 'settings'> = ({ inputs: { x, settings }, backend }) => {
  const { rows, length } = rowsOf(x.shape);
  const params = output(backend, [4, rows]);
  findParams.run(backend, [params, x, settings], [rows, length], rows);
  return params;
};

export const quantizeRowsWebgpu: Implementation<'x' | 'params' | 'settings'> = ({ inputs, backend }) => {
  const { x, params, settings } = inputs;
  const { rows, length } = rowsOf(x.shape);
  const y = output(backend, x.shape);
  forward.runFor(backend, util.sizeFromShape(x.shape), [y, x, params, settings], [rows, length]);
  return y;
};

export const quantizeRowsGradientWebgpu: Implementation<'dq' | 'x' | 'params' | 'settings'> = ({
  inputs,
  backend,
}) => {
  const { dq, x, params, settings } = inputs;
  const { rows, length } = rowsOf(x.shape);
  const dx = output(backend, x.shape);
  gradient.runFor(backend, util.sizeFromShape(x.shape), [dx, dq, x, params, settings], [rows, length]);
  return dx;
};
