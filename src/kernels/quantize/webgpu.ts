/** quantize and its gradient in WGSL. WGSL's round() is half to even. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { elementwise, output, Shader } from '../webgpu';
import { columnThreads, worksByColumn } from '../weightParams/columns';

const quantized = `
fn quantized(value: f32, inverse: f32, zeroPoint: f32) -> f32 {
  let mode = settings[2];
  let affine = clamp(round(value * inverse) + zeroPoint, settings[0], settings[1]) - zeroPoint;
  let whole = select(affine, select(-1.0, 1.0, value >= 0.0), mode == 2.0);
  let known = select(whole, inverse, isNan(inverse) && mode == 1.0);
  return select(known, value, mode == 0.0 || isNan(value));
}
`;

const forward = new Shader(
  elementwise(
    {
      name: 'quantize',
      tensors: [
        { name: 'q', use: 'out' },
        { name: 'x', use: 'in', once: true },
        { name: 'params', use: 'in' },
        { name: 'settings', use: 'in' },
      ],
      uniforms: ['channels'],
    },
    `
${quantized}
fn element(i: u32) -> f32 {
  let channels = u32(uniforms.channels);
  let c = i % channels;
  return quantized(x[i], params[channels + c], params[2u * channels + c]);
}`,
  ),
);

/** One workgroup a channel, as the one that finds a weight tensor's scales (../weightParams/webgpu.ts). */
const byColumn = new Shader({
  name: 'quantizeColumns',
  tensors: [
    { name: 'q', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in', reach: 'column' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels'],
  workgroupSize: columnThreads,
  code: `
${quantized}
fn main(c: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  if (c >= channels) { return; }
  let inverse = params[channels + c];
  let zeroPoint = params[2u * channels + c];
  for (var i = c + lane * channels; i < u32(uniforms.xLength); i = i + ${columnThreads}u * channels) {
    q[i] = quantized(x[i], inverse, zeroPoint);
  }
}`,
});

const gradient = new Shader(
  elementwise(
    {
      name: 'quantizeGradient',
      tensors: [
        { name: 'dx', use: 'out' },
        { name: 'dq', use: 'in', once: true },
        { name: 'x', use: 'in' },
        { name: 'params', use: 'in' },
        { name: 'settings', use: 'in' },
      ],
      uniforms: ['channels'],
    },
    `
fn element(i: u32) -> f32 {
  let channels = u32(uniforms.channels);
  let c = i % channels;
  let mode = settings[2];
  let inverse = params[channels + c];
  let value = x[i];
  let rounded = round(value * inverse) + params[2u * channels + c];
  let inside = select(rounded >= settings[0] && rounded <= settings[1], abs(value) <= 1.0, mode == 2.0);
  let upstream = dq[i];
  let masked = select(0.0, upstream * inverse, inside && !isNan(value));
  return select(masked, upstream, mode == 0.0);
}`,
  ),
);

export const quantizeWebgpu: Implementation<'x' | 'params' | 'settings'> = ({ inputs, backend }) => {
  const { x, params, settings } = inputs;
  const q = output(backend, x.shape);
  const channels = params.shape[1]!;
  const tensors = [q, x, params, settings];
  if (worksByColumn(x.shape, channels)) byColumn.run(backend, tensors, [channels], channels);
  else forward.runFor(backend, util.sizeFromShape(x.shape), tensors, [channels]);
  return q;
};

export const quantizeGradientWebgpu: Implementation<'dq' | 'x' | 'params' | 'settings'> = ({
  inputs,
  backend,
}) => {
  const { dq, x, params, settings } = inputs;
  const dx = output(backend, x.shape);
  gradient.runFor(backend, util.sizeFromShape(x.shape), [dx, dq, x, params, settings], [params.shape[1]!]);
  return dx;
};
