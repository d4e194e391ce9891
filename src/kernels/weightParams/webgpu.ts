/** weightParams in WGSL: a workgroup for each channel of few weights; of many, partial reductions by channel, then one workgroup that makes the parameters. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { output, release, Shader } from '../webgpu';
import { storeScale } from '../wgsl';
import { columnThreads, worksByColumn } from './columns';

/** Rows of one channel that a thread reduces, at least. */
const rowsPerThread = 32;
const groupSize = 256;

/**
 * Thread (part, c) reduces rows part, part + parts, ... of channel c: neighbours read neighbouring elements.
 * maxima: the largest |w| as its bits, which order as the numbers do and put NaN above infinity. sums: of |w|.
 */
const reduceParts = new Shader({
  name: 'weightParamsReduce',
  tensors: [
    { name: 'maxima', use: 'out', type: 'i32' },
    { name: 'sums', use: 'out' },
    { name: 'w', use: 'in' },
  ],
  uniforms: [],
  code: `
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.sumsLength);
  if (thread >= threads) { return; }
  var greatest = 0u;
  var sum = 0.0;
  for (var i = thread; i < u32(uniforms.wLength); i = i + threads) {
    let magnitude = abs(w[i]);
    greatest = max(greatest, bitcast<u32>(magnitude));
    sum = sum + magnitude;
  }
  maxima[thread] = bitcast<i32>(greatest);
  sums[thread] = sum;
}`,
});

const storeParams = `
${storeScale}
fn storeParams(c: u32, channels: u32, greatest: u32, sum: f32, count: f32) {
  let mode = settings[2];
  params[2u * channels + c] = 0.0;
  params[3u * channels + c] = select(1.0, 0.0, mode == 0.0);
  if (mode == 0.0) {
    params[c] = 1.0;
    params[channels + c] = 1.0;
    return;
  }
  let numerator = select(bitcast<f32>(greatest), sum, mode == 2.0);
  let denominator = select((settings[1] - settings[0]) / 2.0, count, mode == 2.0);
  let finite = greatest < 0x7f800000u;
  storeScale(c, channels, select(uniforms.nan, divide(numerator, denominator), finite));
}
`;

/** One workgroup: reduces everything, then each lane makes the parameters of some channels. */
const absmax = new Shader({
  name: 'weightParamsAbsmax',
  tensors: [
    { name: 'params', use: 'out' },
    { name: 'maxima', use: 'in', type: 'i32' },
    { name: 'sums', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels', 'rows'],
  workgroupSize: groupSize,
  code: `
${storeParams}
var<workgroup> largest: array<u32, ${groupSize}>;
var<workgroup> total: array<f32, ${groupSize}>;

fn main(group: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  let partials = u32(uniforms.sumsLength);
  var greatest = 0u;
  var sum = 0.0;
  for (var i = lane; i < partials; i = i + ${groupSize}u) {
    greatest = max(greatest, bitcast<u32>(maxima[i]));
    sum = sum + sums[i];
  }
  largest[lane] = greatest;
  total[lane] = sum;
  workgroupBarrier();
  for (var width = ${groupSize / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      largest[lane] = max(largest[lane], largest[lane + width]);
      total[lane] = total[lane] + total[lane + width];
    }
    workgroupBarrier();
  }
  for (var c = lane; c < channels; c = c + ${groupSize}u) {
    if (settings[3] != 1.0) {
      storeParams(c, channels, largest[0], total[0], f32(uniforms.rows * uniforms.channels));
      continue;
    }
    greatest = 0u;
    sum = 0.0;
    for (var i = c; i < partials; i = i + channels) {
      greatest = max(greatest, bitcast<u32>(maxima[i]));
      sum = sum + sums[i];
    }
    storeParams(c, channels, greatest, sum, f32(uniforms.rows));
  }
}`,
});

/** One workgroup a channel: reduces it, or everything where all share a scale. */
const absmaxByColumn = new Shader({
  name: 'weightParamsColumns',
  tensors: [
    { name: 'params', use: 'out', reach: 'column' },
    { name: 'w', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels'],
  workgroupSize: columnThreads,
  code: `
${storeParams}
var<workgroup> largest: array<u32, ${columnThreads}>;
var<workgroup> total: array<f32, ${columnThreads}>;

fn main(c: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  let perChannel = settings[3] == 1.0;
  let stride = select(1u, channels, perChannel);
  let size = u32(uniforms.wLength);
  var greatest = 0u;
  var sum = 0.0;
  for (var i = select(0u, c, perChannel) + lane * stride; i < size; i = i + ${columnThreads}u * stride) {
    let magnitude = abs(w[i]);
    greatest = max(greatest, bitcast<u32>(magnitude));
    sum = sum + magnitude;
  }
  largest[lane] = greatest;
  total[lane] = sum;
  workgroupBarrier();
  for (var width = ${columnThreads / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      largest[lane] = max(largest[lane], largest[lane + width]);
      total[lane] = total[lane] + total[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u && c < channels) { storeParams(c, channels, largest[0], total[0], f32(size / stride)); }
}`,
});

export const absmaxWebgpu: Implementation<'w' | 'settings'> = ({ inputs, backend }) => {
  const { w, settings } = inputs;
  const channels = lastAxis(w.shape);
  if (worksByColumn(w.shape, channels)) {
    const params = output(backend, [4, channels]);
    absmaxByColumn.run(backend, [params, w, settings], [channels], channels);
    return params;
  }
  const rows = util.sizeFromShape(w.shape) / channels;
  const partials = channels * Math.ceil(rows / Math.max(rowsPerThread, Math.ceil(Math.sqrt(rows))));
  const maxima = output(backend, [partials], 'int32');
  const sums = output(backend, [partials]);
  reduceParts.runFor(backend, partials, [maxima, sums, w]);
  const params = output(backend, [4, channels]);
  absmax.run(backend, [params, maxima, sums, settings], [channels, rows], 1);
  release(backend, maxima);
  release(backend, sums);
  return params;
};
