/**
 * The observer in WGSL. Floats are compared as unsigned integers that order as they do, with a NaN of either sign beyond
 * the infinities, because WGSL's min and max may drop a NaN.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { output, release, Shader } from '../webgpu';
import { storeScale } from '../wgsl';

const groupSize = 256;
/** Elements that one thread reads before the work is spread over more workgroups, at the price of a second dispatch. */
const perThread = 64;
const maximumGroups = 256;

/** Reduces what `load` gives for i < count to `lows[0]`, `highs[0]` in workgroup memory. */
const reduction = `
var<workgroup> lows: array<u32, ${groupSize}>;
var<workgroup> highs: array<u32, ${groupSize}>;

fn ordered(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn restored(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, (key & 0x80000000u) != 0u));
}

fn reduce(lane: u32, low: u32, high: u32) {
  lows[lane] = low;
  highs[lane] = high;
  workgroupBarrier();
  for (var width = ${groupSize / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      lows[lane] = min(lows[lane], lows[lane + width]);
      highs[lane] = max(highs[lane], highs[lane + width]);
    }
    workgroupBarrier();
  }
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

const observe = new Shader({
  name: 'observeMinMax',
  tensors: [
    { name: 'state', use: 'inout' },
    { name: 'x', use: 'in' },
  ],
  uniforms: [],
  workgroupSize: groupSize,
  code: `
${reduction}
${updateState}
fn main(group: u32, lane: u32) {
  var low = 0xffffffffu;
  var high = 0u;
  for (var i = lane; i < u32(uniforms.xLength); i = i + ${groupSize}u) {
    let key = ordered(x[i]);
    low = min(low, key);
    high = max(high, key);
  }
  reduce(lane, low, high);
  if (lane == 0u) { updateState(); }
}`,
});

const reduceParts = new Shader({
  name: 'observeParts',
  tensors: [
    { name: 'parts', use: 'out', type: 'i32' },
    { name: 'x', use: 'in' },
  ],
  uniforms: ['groups'],
  workgroupSize: groupSize,
  code: `
${reduction}
fn main(group: u32, lane: u32) {
  var low = 0xffffffffu;
  var high = 0u;
  let stride = ${groupSize}u * u32(uniforms.groups);
  for (var i = group * ${groupSize}u + lane; i < u32(uniforms.xLength); i = i + stride) {
    let key = ordered(x[i]);
    low = min(low, key);
    high = max(high, key);
  }
  reduce(lane, low, high);
  if (lane == 0u) {
    parts[2u * group] = bitcast<i32>(lows[0]);
    parts[2u * group + 1u] = bitcast<i32>(highs[0]);
  }
}`,
});

const observeParts = new Shader({
  name: 'observeMinMaxOfParts',
  tensors: [
    { name: 'state', use: 'inout' },
    { name: 'parts', use: 'in', type: 'i32' },
  ],
  uniforms: ['groups'],
  workgroupSize: groupSize,
  code: `
${reduction}
${updateState}
fn main(group: u32, lane: u32) {
  var low = 0xffffffffu;
  var high = 0u;
  if (lane < u32(uniforms.groups)) {
    low = bitcast<u32>(parts[2u * lane]);
    high = bitcast<u32>(parts[2u * lane + 1u]);
  }
  reduce(lane, low, high);
  if (lane == 0u) { updateState(); }
}`,
});

export const observeMinMaxWebgpu: Implementation<'x' | 'state'> = ({ inputs: { x, state }, backend }) => {
  const groups = Math.min(Math.ceil(util.sizeFromShape(x.shape) / (groupSize * perThread)), maximumGroups);
  if (groups === 1) {
    observe.run(backend, [state, x], [], 1);
    return [];
  }
  const parts: TensorInfo = output(backend, [2 * groups], 'int32');
  reduceParts.run(backend, [parts, x], [groups], groups);
  observeParts.run(backend, [state, parts], [groups], 1);
  release(backend, parts);
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
  workgroupSize: 1,
  code: `
${storeScale}
fn main(group: u32, lane: u32) {
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
