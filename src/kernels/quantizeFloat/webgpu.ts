/**
 * quantizeFloat and its gradient in WGSL, one thread per element. Rounding works on the bits of a float32, because a
 * compiler may reorder float operations and a device may flush subnormal numbers.
 */
import { util } from '@tensorflow/tfjs-core';
import { type FloatFormat, minExponent } from '@/catalog/formats';
import type { Implementation } from '../definition';
import { output, Shader } from '../webgpu';
import { bitsOf } from './cpu';

/** `roundMagnitude`, as in ./cpu.ts, and the format's numbers. */
export const rounding = (format: FloatFormat): string => `
const mantissaBits = ${format.mantissaBits}i;
const minExponent = ${minExponent(format)}i;
const largestBits = ${bitsOf(format.max)}i;

fn roundMagnitude(magnitude: u32, least: i32) -> u32 {
  let stored = max(i32(magnitude >> 23u), 1);
  let base = u32(stored - 1) << 23u;
  let significand = magnitude - base;
  let leading = stored - 150 + 31 - i32(countLeadingZeros(significand));
  let excess = max(leading, least) - mantissaBits - (stored - 150);
  if (excess <= 0) { return magnitude; }
  let dropped = u32(excess);
  if (dropped > 24u) { return 0u; }
  let odd = (significand >> dropped) & 1u;
  let steps = (significand + (1u << (dropped - 1u)) - 1u + odd) >> dropped;
  return select(base + (steps << dropped), 0u, steps == 0u);
}
`;

const forward = (name: string, format: FloatFormat) =>
  new Shader({
    name: `quantizeFloat_${name}`,
    tensors: [
      { name: 'q', use: 'out' },
      { name: 'x', use: 'in' },
      { name: 'params', use: 'in' },
      { name: 'settings', use: 'in' },
    ],
    uniforms: ['channels'],
    code: `
${rounding(format)}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let channels = u32(uniforms.channels);
  let value = x[i];
  let inverse = params[channels + i % channels];
  if (settings[2] == 0.0 || isNan(value)) {
    q[i] = value;
  } else if (isNan(inverse)) {
    q[i] = inverse;
  } else {
    let magnitude = bitcast<u32>(exact(value * inverse)) & 0x7fffffffu;
    let rounded = min(roundMagnitude(magnitude, minExponent), u32(largestBits));
    q[i] = bitcast<f32>((bitcast<u32>(value) & 0x80000000u) | rounded);
  }
}`,
  });

const gradient = (name: string, format: FloatFormat) =>
  new Shader({
    name: `quantizeFloatGradient_${name}`,
    tensors: [
      { name: 'dx', use: 'out' },
      { name: 'dq', use: 'in' },
      { name: 'x', use: 'in' },
      { name: 'params', use: 'in' },
      { name: 'settings', use: 'in' },
    ],
    uniforms: ['channels'],
    code: `
${rounding(format)}
fn passes(value: f32, inverse: f32) -> bool {
  if (isNan(value) || isNan(inverse)) { return false; }
  let magnitude = bitcast<u32>(exact(value * inverse)) & 0x7fffffffu;
  return roundMagnitude(magnitude, minExponent) <= u32(largestBits);
}

fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let channels = u32(uniforms.channels);
  let inverse = params[channels + i % channels];
  if (settings[2] == 0.0) {
    dx[i] = dq[i];
  } else {
    dx[i] = select(0.0, dq[i] * inverse, passes(x[i], inverse));
  }
}`,
  });

export const quantizeFloatWebgpu = (
  name: string,
  format: FloatFormat,
): Implementation<'x' | 'params' | 'settings'> => {
  const shader = forward(name, format);
  return ({ inputs, backend }) => {
    const { x, params, settings } = inputs;
    const q = output(backend, x.shape);
    shader.runFor(backend, util.sizeFromShape(x.shape), [q, x, params, settings], [params.shape[1]!]);
    return q;
  };
};

export const quantizeFloatGradientWebgpu = (
  name: string,
  format: FloatFormat,
): Implementation<'dq' | 'x' | 'params' | 'settings'> => {
  const shader = gradient(name, format);
  return ({ inputs, backend }) => {
    const { dq, x, params, settings } = inputs;
    const dx = output(backend, x.shape);
    shader.runFor(backend, util.sizeFromShape(x.shape), [dx, dq, x, params, settings], [params.shape[1]!]);
    return dx;
  };
};
