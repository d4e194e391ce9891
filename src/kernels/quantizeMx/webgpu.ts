/**
 * quantizeMx and its gradient in WGSL, one thread per element, each of which looks through its block. Integer operations
 * throughout, on tensors bound as integers, so that no device flushes subnormal numbers.
 */
import { util } from '@tensorflow/tfjs-core';
import { type BlockFormat, floatFormats, inputAxis, maxExponent } from '@/catalog/formats';
import { type Implementation, lastAxis } from '../definition';
import { rounding } from '../quantizeFloat/webgpu';
import { output, Shader } from '../webgpu';

/** The value of one element, rounded; `lost` where its block has NaN or an infinity. */
const blocks = ({ element, blockSize }: BlockFormat): string => `
${rounding(floatFormats[element])}
const lost = 0x7fc00000u;

struct Rounded { bits: u32, saturated: bool }

fn greatestOfBlock(i: u32) -> u32 {
  let channels = u32(uniforms.channels);
  let length = u32(uniforms.axis);
  let row = i / channels;
  let position = row % length;
  let start = position - position % ${blockSize}u;
  let end = min(start + ${blockSize}u, length);
  let first = (row - position) * channels + i % channels;
  var greatest = 0u;
  for (var k = start; k < end; k = k + 1u) {
    greatest = max(greatest, bitcast<u32>(x[first + k * channels]) & 0x7fffffffu);
  }
  return greatest;
}

fn roundElement(i: u32) -> Rounded {
  let greatest = greatestOfBlock(i);
  if (greatest >= 0x7f800000u) { return Rounded(lost, true); }
  let shift = max(i32(greatest >> 23u) - 127 - ${maxExponent(floatFormats[element])}, -127);
  let bits = bitcast<u32>(x[i]);
  let rounded = roundMagnitude(bits & 0x7fffffffu, minExponent + shift);
  let largest = u32(largestBits + shift * 0x800000);
  return Rounded((bits & 0x80000000u) | min(rounded, largest), rounded > largest);
}
`;

const forward = (name: string, format: BlockFormat) =>
  new Shader({
    name: `quantizeMx_${name}`,
    tensors: [
      { name: 'q', use: 'out', type: 'i32' },
      { name: 'x', use: 'in', type: 'i32' },
      { name: 'settings', use: 'in' },
    ],
    uniforms: ['channels', 'axis'],
    code: `
${blocks(format)}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  if (settings[2] == 0.0) {
    q[i] = x[i];
  } else {
    q[i] = bitcast<i32>(roundElement(i).bits);
  }
}`,
  });

const gradient = (name: string, format: BlockFormat) =>
  new Shader({
    name: `quantizeMxGradient_${name}`,
    tensors: [
      { name: 'dx', use: 'out' },
      { name: 'dq', use: 'in' },
      { name: 'x', use: 'in', type: 'i32' },
      { name: 'settings', use: 'in' },
    ],
    uniforms: ['channels', 'axis'],
    code: `
${blocks(format)}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  if (settings[2] == 0.0) {
    dx[i] = dq[i];
  } else {
    dx[i] = select(dq[i], 0.0, roundElement(i).saturated);
  }
}`,
  });

const layout = (shape: readonly number[]): number[] => [lastAxis(shape), inputAxis(shape).length];

export const quantizeMxWebgpu = (name: string, format: BlockFormat): Implementation<'x' | 'settings'> => {
  const shader = forward(name, format);
  return ({ inputs: { x, settings }, backend }) => {
    const q = output(backend, x.shape);
    shader.runFor(backend, util.sizeFromShape(x.shape), [q, x, settings], layout(x.shape));
    return q;
  };
};

export const quantizeMxGradientWebgpu = (
  name: string,
  format: BlockFormat,
): Implementation<'dq' | 'x' | 'settings'> => {
  const shader = gradient(name, format);
  return ({ inputs: { dq, x, settings }, backend }) => {
    const dx = output(backend, x.shape);
    shader.runFor(backend, util.sizeFromShape(x.shape), [dx, dq, x, settings], layout(x.shape));
    return dx;
  };
};
