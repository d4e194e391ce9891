/** quantize and its gradient in WGSL. WGSL's round() is half to even. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { output, Shader } from '../webgpu';

/** Elements that one thread handles, all of one channel. */
const perThread = 8;

const forward = new Shader({
  name: 'quantize',
  tensors: [
    { name: 'q', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels', 'threads'],
  code: `
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let channels = u32(uniforms.channels);
  let c = thread % channels;
  let qmin = settings[0];
  let qmax = settings[1];
  let mode = settings[2];
  let inverse = params[channels + c];
  let zeroPoint = params[2u * channels + c];
  let lost = isNan(inverse) && mode == 1.0;
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    let value = x[i];
    let affine = clamp(round(value * inverse) + zeroPoint, qmin, qmax) - zeroPoint;
    let quantized = select(affine, select(-1.0, 1.0, value >= 0.0), mode == 2.0);
    let known = select(quantized, inverse, lost);
    q[i] = select(known, value, mode == 0.0 || isNan(value));
  }
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
  uniforms: ['channels', 'threads'],
  code: `
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let channels = u32(uniforms.channels);
  let c = thread % channels;
  let qmin = settings[0];
  let qmax = settings[1];
  let mode = settings[2];
  let inverse = params[channels + c];
  let zeroPoint = params[2u * channels + c];
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    let value = x[i];
    let rounded = round(value * inverse) + zeroPoint;
    let inside = select(rounded >= qmin && rounded <= qmax, abs(value) <= 1.0, mode == 2.0);
    let upstream = dq[i];
    let masked = select(0.0, upstream * inverse, inside && !isNan(value));
    dx[i] = select(masked, upstream, mode == 0.0);
  }
}`,
});

/** A multiple of the channels, so that a thread meets only one. */
function threadsFor(size: number, channels: number): number {
  return channels * Math.ceil(size / channels / perThread);
}

export const quantizeWebgpu: Implementation<'x' | 'params' | 'settings'> = ({ inputs, backend }) => {
  const { x, params, settings } = inputs;
  const q = output(backend, x.shape);
  const channels = params.shape[1]!;
  const threads = threadsFor(util.sizeFromShape(x.shape), channels);
  forward.runFor(backend, threads, [q, x, params, settings], [channels, threads]);
  return q;
};

export const quantizeGradientWebgpu: Implementation<'dq' | 'x' | 'params' | 'settings'> = ({
  inputs,
  backend,
}) => {
  const { dq, x, params, settings } = inputs;
  const dx = output(backend, x.shape);
  const channels = params.shape[1]!;
  const threads = threadsFor(util.sizeFromShape(x.shape), channels);
  gradient.runFor(backend, threads, [dx, dq, x, params, settings], [channels, threads]);
  return dx;
};
