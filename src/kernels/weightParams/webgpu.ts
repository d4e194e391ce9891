/** weightParams in WGSL: one workgroup reduces each channel, then one thread per channel makes its parameters. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { output, release, Shader } from '../webgpu';
import { storeScale } from '../wgsl';

/**
 * maxima: the largest |w| as its bits, which order as the numbers do and put NaN above infinity. sums: of |w|.
 */
const reduceChannels = new Shader({
  name: 'weightParamsReduce',
  tensors: [
    { name: 'maxima', use: 'out', type: 'i32' },
    { name: 'sums', use: 'out' },
    { name: 'w', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
var<workgroup> largest: array<u32, 64>;
var<workgroup> total: array<f32, 64>;

fn main(group: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  var greatest = 0u;
  var sum = 0.0;
  if (group < channels) {
    for (var i = lane * channels + group; i < u32(uniforms.wLength); i = i + 64u * channels) {
      greatest = max(greatest, bitcast<u32>(w[i]) & 0x7fffffffu);
      sum = sum + abs(w[i]);
    }
  }
  largest[lane] = greatest;
  total[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width = width / 2u) {
    if (lane < width) {
      largest[lane] = max(largest[lane], largest[lane + width]);
      total[lane] = total[lane] + total[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u && group < channels) {
    maxima[group] = bitcast<i32>(largest[0]);
    sums[group] = total[0];
  }
}`,
});

const absmax = new Shader({
  name: 'weightParamsAbsmax',
  tensors: [
    { name: 'params', use: 'out' },
    { name: 'maxima', use: 'in', type: 'i32' },
    { name: 'sums', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels', 'rows'],
  code: `
${storeScale}
fn main(group: u32, lane: u32) {
  let c = group * 64u + lane;
  let channels = u32(uniforms.channels);
  if (c >= channels) { return; }
  let mode = settings[2];
  if (mode == 0.0) {
    params[c] = 1.0;
    params[channels + c] = 1.0;
    params[2u * channels + c] = 0.0;
    params[3u * channels + c] = 0.0;
    return;
  }
  var greatest = bitcast<u32>(maxima[c]);
  var sum = sums[c];
  var count = f32(uniforms.rows);
  if (settings[3] != 1.0) {
    greatest = 0u;
    sum = 0.0;
    count = f32(uniforms.rows * uniforms.channels);
    for (var i = 0u; i < channels; i = i + 1u) {
      greatest = max(greatest, bitcast<u32>(maxima[i]));
      sum = sum + sums[i];
    }
  }
  let finite = greatest < 0x7f800000u;
  let numerator = select(bitcast<f32>(greatest), sum, mode == 2.0);
  let denominator = select(settings[1], count, mode == 2.0);
  storeScale(c, channels, select(uniforms.nan, divide(numerator, denominator), finite));
  params[2u * channels + c] = 0.0;
  params[3u * channels + c] = 1.0;
}`,
});

export const absmaxWebgpu: Implementation<'w' | 'settings'> = ({ inputs, backend }) => {
  const { w, settings } = inputs;
  const channels = lastAxis(w.shape);
  const rows = util.sizeFromShape(w.shape) / channels;
  const maxima = output(backend, [channels], 'int32');
  const sums = output(backend, [channels]);
  reduceChannels.run(backend, [maxima, sums, w], [channels], channels);
  const params = output(backend, [4, channels]);
  absmax.runFor(backend, channels, [params, maxima, sums, settings], [channels, rows]);
  release(backend, maxima);
  release(backend, sums);
  return params;
};
