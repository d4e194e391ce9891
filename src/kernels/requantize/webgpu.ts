/** Requantization in WGSL, which has no 64-bit integers: they are two words here, the high one first. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { output, Shader } from '../webgpu';
import { largestMultiplier, largestShift } from './constants';

const factorShader = new Shader({
  name: 'requantizeFactors',
  tensors: [
    { name: 'factors', use: 'out' },
    { name: 'inputParams', use: 'in' },
    { name: 'weightParams', use: 'in' },
    { name: 'bias', use: 'in' },
    { name: 'moreParams', use: 'in' },
    { name: 'outParams', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
fn power(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }

fn main(group: u32, lane: u32) {
  let c = group * 64u + lane;
  let channels = u32(uniforms.channels);
  if (c >= channels) { return; }
  let scale = exact(inputParams[0] * weightParams[c]);
  let own = divide(scale, outParams[0]);
  let other = divide(moreParams[select(0u, c, uniforms.moreParamsLength > 4)], outParams[0]);
  let exponent = i32((bitcast<u32>(max(own, other)) >> 23u) & 255u) - 127;
  let shift = clamp(30 - exponent, 1, ${largestShift});
  let scaled = exact(own * power(shift));
  let otherScaled = exact(other * power(shift));
  factors[c] = select(min(round(scaled), ${largestMultiplier}.0), scaled, isNan(scaled));
  factors[channels + c] = select(min(round(otherScaled), ${largestMultiplier}.0), otherScaled, isNan(otherScaled));
  factors[2u * channels + c] = f32(shift);
  factors[3u * channels + c] = round(divide(bias[c], scale));
}`,
});

/** 64-bit two's complement in WGSL, as far as it is needed here. */
const wide = `
fn addWide(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.y + b.y;
  return vec2<u32>(a.x + b.x + select(0u, 1u, low < a.y), low);
}

/* a * m, for m < 2^31 */
fn multiplyWide(a: i32, m: u32) -> vec2<u32> {
  let magnitude = u32(abs(a));
  let a0 = magnitude & 0xffffu;
  let a1 = magnitude >> 16u;
  let m0 = m & 0xffffu;
  let m1 = m >> 16u;
  let middle = a1 * m0 + ((a0 * m0) >> 16u);
  let more = a0 * m1 + (middle & 0xffffu);
  let product = vec2<u32>(a1 * m1 + (middle >> 16u) + (more >> 16u), (more << 16u) | ((a0 * m0) & 0xffffu));
  if (a >= 0) { return product; }
  return addWide(vec2<u32>(~product.x, ~product.y), vec2<u32>(0u, 1u));
}

/* floor(v / 2^shift), for shift from 1 to 62 */
fn shiftWide(v: vec2<u32>, shift: u32) -> vec2<u32> {
  let sign = select(0u, 0xffffffffu, (v.x >> 31u) == 1u);
  if (shift >= 32u) { return vec2<u32>(sign, bitcast<u32>(bitcast<i32>(v.x) >> (shift - 32u))); }
  return vec2<u32>(bitcast<u32>(bitcast<i32>(v.x) >> shift), (v.y >> shift) | (v.x << (32u - shift)));
}

/* 2^n - 1, for n from 0 to 61 */
fn ones(n: u32) -> vec2<u32> {
  if (n >= 32u) { return vec2<u32>((1u << (n - 32u)) - 1u, 0xffffffffu); }
  return vec2<u32>(0u, (1u << n) - 1u);
}

/* round(v / 2^shift), half to even, or the end of int32 that it is beyond */
fn roundWide(v: vec2<u32>, shift: u32) -> i32 {
  let odd = shiftWide(v, shift).y & 1u;
  let rounded = shiftWide(addWide(addWide(v, ones(shift - 1u)), vec2<u32>(0u, odd)), shift);
  let low = bitcast<i32>(rounded.y);
  if (rounded.x == select(0u, 0xffffffffu, low < 0)) { return low; }
  return select(0x7fffffff, i32(-2147483647 - 1), (rounded.x >> 31u) == 1u);
}
`;

type SumType = 'i32' | 'f32';

const shader = (type: SumType) =>
  new Shader({
    name: `requantize_${type}`,
    tensors: [
      { name: 'y', use: 'out' },
      { name: 'sums', use: 'in', type },
      { name: 'more', use: 'in' },
      { name: 'factors', use: 'in' },
      { name: 'outParams', use: 'in' },
      { name: 'settings', use: 'in' },
    ],
    uniforms: ['channels'],
    code: `
${wide}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.yLength)) { return; }
  let channels = u32(uniforms.channels);
  let c = i % channels;
  let multiplier = factors[c];
  let other = factors[channels + c];
  let bias = factors[3u * channels + c];
  let added = more[select(0u, i, uniforms.moreLength > 1)];
  if (isNan(multiplier) || isNan(other) || isNan(bias) || isNan(added) ${type === 'f32' ? '|| isNan(sums[i])' : ''}) {
    y[i] = uniforms.nan;
    return;
  }
  let product = multiplyWide(i32(sums[i]) + i32(bias), u32(multiplier));
  let v = addWide(product, multiplyWide(i32(added), u32(other)));
  let zeroPoint = i32(outParams[2]);
  let rounded = roundWide(v, u32(factors[2u * channels + c]));
  y[i] = f32(clamp(rounded, i32(settings[0]) - zeroPoint, i32(settings[1]) - zeroPoint));
}`,
  });

const shaders = { i32: shader('i32'), f32: shader('f32') };

export const factorsWebgpu: Implementation<
  'inputParams' | 'weightParams' | 'bias' | 'moreParams' | 'outParams'
> = ({ inputs: { inputParams, weightParams, bias, moreParams, outParams }, backend }) => {
  const channels = lastAxis(weightParams.shape);
  const factors = output(backend, [4, channels]);
  const tensors = [factors, inputParams, weightParams, bias, moreParams, outParams];
  factorShader.runFor(backend, channels, tensors, [channels]);
  return factors;
};

export const requantizeWebgpu: Implementation<'sums' | 'more' | 'factors' | 'outParams' | 'settings'> = ({
  inputs: { sums, more, factors, outParams, settings },
  backend,
}) => {
  const y = output(backend, sums.shape);
  const tensors = [y, sums, more, factors, outParams, settings];
  const type = sums.dtype === 'int32' ? 'i32' : 'f32';
  shaders[type].runFor(backend, util.sizeFromShape(y.shape), tensors, [lastAxis(factors.shape)]);
  return y;
};
