/** quantize and its gradient in WGSL, one thread per element. WGSL's round() is half to even. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { output, Shader } from '../webgpu';

const forward = new Shader({
  name: 'quantize',
  tensors: [
    { name: 'q', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
fn quantized(value: f32, c: u32, channels: u32) -> f32 {
  let mode = settings[2];
  if (mode == 0.0 || isNan(value)) { return value; }
  if (mode == 2.0) { return select(-1.0, 1.0, value >= 0.0); }
  let inverse = params[channels + c];
  if (isNan(inverse)) { return inverse; }
  let zeroPoint = params[2u * channels + c];
  return clamp(round(value * inverse) + zeroPoint, settings[0], settings[1]) - zeroPoint;
}

fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let channels = u32(uniforms.channels);
  q[i] = quantized(x[i], i % channels, channels);
}`,
});

const gradient = new Shader({
  name: 'quantizeGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dq', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
fn passes(value: f32, c: u32, channels: u32) -> bool {
  if (isNan(value)) { return false; }
  if (settings[2] == 2.0) { return abs(value) <= 1.0; }
  let rounded = round(value * params[channels + c]) + params[2u * channels + c];
  return rounded >= settings[0] && rounded <= settings[1];
}

fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let channels = u32(uniforms.channels);
  let c = i % channels;
  if (settings[2] == 0.0) {
    dx[i] = dq[i];
  } else {
    dx[i] = select(0.0, dq[i] * params[channels + c], passes(x[i], c, channels));
  }
}`,
});

export const quantizeWebgpu: Implementation<'x' | 'params' | 'settings'> = ({ inputs, backend }) => {
  const { x, params, settings } = inputs;
  const q = output(backend, x.shape);
  forward.runFor(backend, util.sizeFromShape(x.shape), [q, x, params, settings], [params.shape[1]!]);
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
