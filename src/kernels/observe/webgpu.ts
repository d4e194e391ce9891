/**
 * The observer in WGSL. Floats are compared as unsigned integers that order as they do, with a NaN of either sign beyond
 * the infinities, because WGSL's min and max may drop a NaN.
 */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { output, release, Shader, type ShaderTensor } from '../webgpu';
import { storeScale } from '../wgsl';

const groupSize = 256;
/** Elements that one thread reads before more threads, and a second dispatch, are worth it. */
const perThread = 64;

/** WGSL: floats as unsigned integers that order as they do, NaN beyond the infinities, and back. */
export const ordering = `
fn ordered(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn restored(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, (key & 0x80000000u) != 0u));
}

`;

const rangeOf = `
${ordering}
/* The least and the greatest of x[start], x[start + stride], ... */
fn rangeOf(start: u32, stride: u32) -> vec2<u32> {
  var range = vec2<u32>(0xffffffffu, 0u);
  for (var i = start; i < u32(uniforms.xLength); i = i + stride) {
    let key = ordered(x[i]);
    range = vec2<u32>(min(range.x, key), max(range.y, key));
  }
  return range;
}
`;

const updateState = `
fn approach(average: f32, value: f32, momentum: f32) -> f32 {
  return average + exact(momentum * exact(value - average));
}

fn updateState() {
  var least = restored(lows[0]);
  var greatest = restored(highs[0]);
  if (isNan(least) || isNan(greatest) || isNan(state[0]) || isNan(state[1])) {
    least = uniforms.nan;
    greatest = uniforms.nan;
  } else if (state[2] != 0.0) {
    least = approach(state[0], least, state[3]);
    greatest = approach(state[1], greatest, state[3]);
  }
  state[0] = least;
  state[1] = greatest;
  state[2] = 1.0;
}
`;

/** `ranges` [2, threads]: what each thread finds in its share of x. */
const observeShares = new Shader({
  name: 'observeShares',
  tensors: [
    { name: 'ranges', use: 'out', type: 'i32' },
    { name: 'x', use: 'in' },
  ],
  uniforms: ['threads'],
  code: `
${rangeOf}
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let range = bitcast<vec2<i32>>(rangeOf(thread, threads));
  ranges[thread] = range.x;
  ranges[threads + thread] = range.y;
}`,
});

/** Reduces `source` in one workgroup and updates the state. */
const updateFrom = (name: string, source: ShaderTensor, rangeOfLane: string) =>
  new Shader({
    name,
    tensors: [{ name: 'state', use: 'inout' }, source],
    uniforms: [],
    workgroupSize: groupSize,
    code: `
var<workgroup> lows: array<u32, ${groupSize}>;
var<workgroup> highs: array<u32, ${groupSize}>;
${rangeOfLane}
${updateState}
fn main(group: u32, lane: u32) {
  let range = rangeOfLane(lane);
  lows[lane] = range.x;
  highs[lane] = range.y;
  workgroupBarrier();
  for (var width = ${groupSize / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      lows[lane] = min(lows[lane], lows[lane + width]);
      highs[lane] = max(highs[lane], highs[lane + width]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) { updateState(); }
}`,
  });

const updateFromX = updateFrom(
  'observeMinMax',
  { name: 'x', use: 'in' },
  `
${rangeOf}
fn rangeOfLane(lane: u32) -> vec2<u32> { return rangeOf(lane, ${groupSize}u); }`,
);

const updateFromShares = updateFrom(
  'observeMinMaxOfShares',
  { name: 'ranges', use: 'in', type: 'i32' },
  `
${ordering}
fn rangeOfLane(lane: u32) -> vec2<u32> {
  let threads = u32(uniforms.rangesLength) / 2u;
  var range = vec2<u32>(0xffffffffu, 0u);
  for (var i = lane; i < threads; i = i + ${groupSize}u) {
    range.x = min(range.x, bitcast<u32>(ranges[i]));
    range.y = max(range.y, bitcast<u32>(ranges[threads + i]));
  }
  return range;
}`,
);

export const observeMinMaxWebgpu: Implementation<'x' | 'state'> = ({ inputs: { x, state }, backend }) => {
  const size = util.sizeFromShape(x.shape);
  const threads = Math.ceil(size / perThread);
  if (threads <= groupSize) {
    updateFromX.run(backend, [state, x], [], 1);
    return [];
  }
  const ranges = output(backend, [2, threads], 'int32');
  observeShares.runFor(backend, threads, [ranges, x], [threads]);
  updateFromShares.run(backend, [state, ranges], [], 1);
  release(backend, ranges);
  return [];
};

const activation = new Shader({
  name: 'activationParams',
  tensors: [
    { name: 'params', use: 'out' },
    { name: 'state', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: [],
  // As many as the observer's, which it can then follow in the same workgroup of a recording.
  workgroupSize: groupSize,
  code: `
${storeScale}
fn main(group: u32, lane: u32) {
  if (lane > 0u) { return; }
  params[2] = 0.0;
  if (settings[2] == 0.0) {
    params[0] = 1.0;
    params[1] = 1.0;
    params[3] = 0.0;
    return;
  }
  let qmin = settings[0];
  let qmax = settings[1];
  let levels = qmax - qmin;
  let initialised = state[2] != 0.0;
  let least = select(0.0, state[0], initialised);
  let greatest = select(1.0, state[1], initialised);
  let high = max(greatest, 0.0);
  let low = select(min(least, 0.0), 0.0, levels == 1.0);
  let finite = isFinite(least) && isFinite(greatest);
  storeScale(0u, 1u, select(uniforms.nan, divide(exact(high - low), levels), finite));
  if (isFinite(params[0])) {
    params[2] = clamp(qmin - round(divide(low, params[0])), qmin, qmax);
  }
  params[3] = 1.0;
}`,
});

export const activationParamsWebgpu: Implementation<'state' | 'settings'> = ({ inputs, backend }) => {
  const params = output(backend, [4, 1]);
  activation.run(backend, [params, inputs.state, inputs.settings], [], 1);
  return params;
};
