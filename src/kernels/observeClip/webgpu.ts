/** The clipping observers in WGSL: one workgroup each, counts in integers, sums in a fixed order. */
import type { Implementation } from '../definition';
import { Shader } from '../webgpu';
import { bins, candidates, factors } from '../weightParams/methods/constants';
import { oneOutlierIn, sampleSize } from './constants';

const groupSize = 256;

/** `range` leaves the least and the greatest value in lows[0] and highs[0]; NaN counts as below and above everything. */
const ranges = `
var<workgroup> lows: array<u32, ${groupSize}>;
var<workgroup> highs: array<u32, ${groupSize}>;

fn ordered(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn restored(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, (key & 0x80000000u) != 0u));
}

fn range(lane: u32) {
  var low = 0xffffffffu;
  var high = 0u;
  for (var i = lane; i < u32(uniforms.xLength); i = i + ${groupSize}u) {
    let key = ordered(x[i]);
    low = min(low, key);
    high = max(high, key);
  }
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

fn approach(average: f32, value: f32) -> f32 {
  return average + exact(state[3] * exact(value - average));
}

/* Moves the state towards a range; the first one sets it. A NaN makes it NaN for good. */
fn follow(least: f32, greatest: f32, lost: bool) {
  if (lost || isNan(state[0]) || isNan(state[1])) {
    state[0] = uniforms.nan;
    state[1] = uniforms.nan;
  } else if (state[2] != 0.0) {
    state[0] = approach(state[0], least);
    state[1] = approach(state[1], greatest);
  } else {
    state[0] = least;
    state[1] = greatest;
  }
  state[2] = 1.0;
}
`;

const percentile = new Shader({
  name: 'observePercentile',
  tensors: [
    { name: 'state', use: 'inout' },
    { name: 'x', use: 'in' },
  ],
  uniforms: [],
  workgroupSize: groupSize,
  code: `
${ranges}
var<workgroup> histogram: array<atomic<u32>, ${bins}>;

fn main(group: u32, lane: u32) {
  range(lane);
  let least = restored(lows[0]);
  let greatest = restored(highs[0]);
  let span = exact(greatest - least);
  let perUnit = divide(${bins}.0, span);
  let count = u32(uniforms.xLength);
  for (var i = lane; i < count; i = i + ${groupSize}u) {
    let position = exact(exact(x[i] - least) * perUnit);
    let inside = position < ${bins}.0;
    atomicAdd(&histogram[select(${bins - 1}u, u32(clamp(position, 0.0, ${bins - 1}.0)), inside)], 1u);
  }
  workgroupBarrier();
  if (lane > 0u) { return; }
  let needed = count - count / ${oneOutlierIn}u;
  var seen = 0u;
  var high = 0u;
  for (; high < ${bins - 1}u; high = high + 1u) {
    seen = seen + atomicLoad(&histogram[high]);
    if (seen >= needed) { break; }
  }
  seen = 0u;
  var low = ${bins - 1}u;
  for (; low > 0u; low = low - 1u) {
    seen = seen + atomicLoad(&histogram[low]);
    if (seen >= needed) { break; }
  }
  let top = exact(least + exact(span * (f32(high + 1u) / ${bins}.0)));
  let bottom = exact(least + exact(span * (f32(low) / ${bins}.0)));
  follow(
    select(bottom, least, low == 0u),
    select(top, greatest, high == ${bins - 1}u),
    isNan(least) || isNan(greatest),
  );
}`,
});

/** Lane k measures the error of candidate k. */
const mse = new Shader({
  name: 'observeMse',
  tensors: [
    { name: 'state', use: 'inout' },
    { name: 'x', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: [],
  workgroupSize: groupSize,
  code: `
${ranges}
var<private> factors: array<f32, ${candidates}> = array(${factors.map((f) => `${f}f`).join(', ')});
var<workgroup> errors: array<f32, ${groupSize}>;

/* Lanes beyond the candidates share their work: lane = part * candidates + candidate. */
fn errorOf(lane: u32, least: f32, greatest: f32) -> f32 {
  let qmin = settings[0];
  let qmax = settings[1];
  let levels = qmax - qmin;
  let factor = factors[lane % ${candidates}u];
  let high = exact(max(greatest, 0.0) * factor);
  let low = select(exact(min(least, 0.0) * factor), 0.0, levels == 1.0);
  let scale = max(divide(exact(high - low), levels), 0x1p-24);
  let inverse = divide(1.0, scale);
  let zeroPoint = clamp(qmin - round(divide(low, scale)), qmin, qmax);
  let count = u32(uniforms.xLength);
  let stride = (count + ${sampleSize - 1}u) / ${sampleSize}u;
  let part = lane / ${candidates}u;
  var sum = 0.0;
  for (var i = part * stride; i < count; i = i + ${groupSize / candidates}u * stride) {
    let q = clamp(round(x[i] * inverse) + zeroPoint, qmin, qmax) - zeroPoint;
    let error = x[i] - exact(q * scale);
    sum = sum + error * error;
  }
  return sum;
}

fn main(group: u32, lane: u32) {
  range(lane);
  let least = restored(lows[0]);
  let greatest = restored(highs[0]);
  errors[lane] = errorOf(lane, least, greatest);
  workgroupBarrier();
  if (lane > 0u) { return; }
  var best = 1.0;
  var smallest = uniforms.infinity;
  if (settings[2] != 0.0) {
    for (var k = 0u; k < ${candidates}u; k = k + 1u) {
      var error = 0.0;
      for (var part = k; part < ${groupSize}u; part = part + ${candidates}u) { error = error + errors[part]; }
      if (error <= smallest) {
        smallest = error;
        best = factors[k];
      }
    }
  }
  follow(exact(least * best), exact(greatest * best), isNan(least) || isNan(greatest));
}`,
});

export const observePercentileWebgpu: Implementation<'x' | 'state'> = ({ inputs: { x, state }, backend }) => {
  percentile.run(backend, [state, x], [], 1);
  return [];
};

export const observeMseWebgpu: Implementation<'x' | 'state' | 'settings'> = ({
  inputs: { x, state, settings },
  backend,
}) => {
  mse.run(backend, [state, x, settings], [], 1);
  return [];
};
