/**
 * How the methods find a scale in WGSL, by one workgroup for the weights that share it. Sums are taken in a fixed order,
 * counts are integers.
 */
import { tanhWgsl } from '../../epilogue/tanh';
import { bins, candidates, factors, oneOutlierIn, ternaryThreshold } from './constants';

export const groupSize = 64;

export interface Method {
  name: string;
  /**
   * WGSL: `fn find(lane: u32, group: Group) -> vec2<f32>`, called by every lane with the same answer: the scale and,
   * unless it is 0, the factor that takes a weight to the grid in place of 1 / scale.
   */
  find: string;
  /** WGSL: the scale of 1-bit weights with this mean magnitude. */
  signScale?: string;
}

/** What a method's `find` may use: the weights that share a scale, and sums over them. */
export const shared = `
struct Group { first: u32, stride: u32, end: u32, count: u32, absmax: f32, mean: f32 }

var<workgroup> largest: array<u32, ${groupSize}>;
var<workgroup> totals: array<f32, ${groupSize}>;
var<workgroup> counts: array<u32, ${groupSize}>;

/* Leaves the sum over all lanes in totals[0] and counts[0], and the greatest in largest[0]. */
fn reduce(lane: u32, greatest: u32, total: f32, count: u32) {
  workgroupBarrier();
  largest[lane] = greatest;
  totals[lane] = total;
  counts[lane] = count;
  workgroupBarrier();
  for (var width = ${groupSize / 2}u; width > 0u; width = width / 2u) {
    if (lane < width) {
      largest[lane] = max(largest[lane], largest[lane + width]);
      totals[lane] = totals[lane] + totals[lane + width];
      counts[lane] = counts[lane] + counts[lane + width];
    }
    workgroupBarrier();
  }
}

fn atLeastSmallest(scale: f32) -> f32 { return max(scale, 0x1p-24); }

fn powerOfTwo(x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) + 0x7fffffu) & 0xff800000u);
}
`;

/**
 * WGSL that defines scale and factor, once `group` has its first, stride and end: what `find` says, or at 1 bit the mean
 * magnitude; NaN where a weight is not finite. The same in every lane.
 */
export const findScale = ({ signScale = 'mean' }: Method): string => `
  var greatest = 0u;
  var sum = 0.0;
  for (var i = group.first + lane * group.stride; i < group.end; i = i + ${groupSize}u * group.stride) {
    let magnitude = bitcast<u32>(w[i]) & 0x7fffffffu;
    greatest = max(greatest, magnitude);
    sum = sum + bitcast<f32>(magnitude);
  }
  reduce(lane, greatest, sum, 0u);
  let finite = largest[0] < 0x7f800000u;
  group.absmax = bitcast<f32>(largest[0]);
  group.mean = divide(totals[0], f32(group.count));
  let found = find(lane, group);
  let mode = settings[2];
  let mean = group.mean;
  var scale = select(found.x, ${signScale}, mode == 2.0);
  scale = select(uniforms.nan, atLeastSmallest(scale), finite);
  var factor = select(uniforms.nan, divide(1.0, scale), finite);
  factor = select(factor, found.y, finite && found.y != 0.0 && mode != 2.0);
`;

export const absmax: Method = {
  name: 'weightParamsAbsmax',
  find: `
fn find(lane: u32, group: Group) -> vec2<f32> {
  return vec2<f32>(divide(group.absmax, (settings[1] - settings[0]) / 2.0), 0.0);
}`,
};

/** Lane k measures the error of candidate k. */
export const mse: Method = {
  name: 'weightParamsMse',
  find: `
var<private> factors: array<f32, ${candidates}> = array(${factors.map((f) => `${f}f`).join(', ')});
var<workgroup> errors: array<f32, ${candidates}>;

fn find(lane: u32, group: Group) -> vec2<f32> {
  let whole = divide(group.absmax, settings[1]);
  let scale = atLeastSmallest(exact(whole * factors[lane]));
  let inverse = divide(1.0, scale);
  var sum = 0.0;
  for (var i = group.first; i < group.end; i = i + group.stride) {
    let q = clamp(round(w[i] * inverse), settings[0], settings[1]);
    let error = w[i] - exact(q * scale);
    sum = sum + error * error;
  }
  errors[lane] = sum;
  workgroupBarrier();
  var best = ${candidates - 1}u;
  var least = uniforms.infinity;
  for (var k = 0u; k < ${candidates}u; k = k + 1u) {
    if (errors[k] <= least) {
      least = errors[k];
      best = k;
    }
  }
  return vec2<f32>(exact(whole * factors[best]), 0.0);
}`,
};

export const percentile: Method = {
  name: 'weightParamsPercentile',
  find: `
var<workgroup> histogram: array<atomic<u32>, ${bins}>;

fn find(lane: u32, group: Group) -> vec2<f32> {
  let perUnit = divide(${bins}.0, group.absmax);
  for (var i = group.first + lane * group.stride; i < group.end; i = i + ${groupSize}u * group.stride) {
    let bin = min(${bins - 1}u, u32(clamp(exact(abs(w[i]) * perUnit), 0.0, ${bins}.0)));
    atomicAdd(&histogram[bin], 1u);
  }
  workgroupBarrier();
  let needed = group.count - group.count / ${oneOutlierIn}u;
  var seen = 0u;
  var bin = 0u;
  for (; bin < ${bins - 1}u; bin = bin + 1u) {
    seen = seen + atomicLoad(&histogram[bin]);
    if (seen >= needed) { break; }
  }
  let edge = exact(group.absmax * (f32(bin + 1u) / ${bins}.0));
  return vec2<f32>(divide(edge, settings[1]), 0.0);
}`,
};

export const pow2: Method = {
  name: 'weightParamsPow2',
  signScale: 'powerOfTwo(mean)',
  find: `
fn find(lane: u32, group: Group) -> vec2<f32> {
  return vec2<f32>(powerOfTwo(divide(group.absmax, settings[1])), 0.0);
}`,
};

export const mean: Method = {
  name: 'weightParamsMean',
  find: `
fn find(lane: u32, group: Group) -> vec2<f32> {
  return vec2<f32>(group.mean, 0.0);
}`,
};

export const twn: Method = {
  name: 'weightParamsTwn',
  find: `
fn find(lane: u32, group: Group) -> vec2<f32> {
  let threshold = exact(${ternaryThreshold}f * group.mean);
  var sum = 0.0;
  var above = 0u;
  for (var i = group.first + lane * group.stride; i < group.end; i = i + ${groupSize}u * group.stride) {
    let magnitude = abs(w[i]);
    let counts = magnitude > threshold;
    sum = sum + select(0.0, magnitude, counts);
    above = above + select(0u, 1u, counts);
  }
  reduce(lane, 0u, sum, above);
  let mean = select(divide(totals[0], f32(counts[0])), 0.0, counts[0] == 0u);
  return vec2<f32>(mean, divide(1.0, atLeastSmallest(2.0 * threshold)));
}`,
};

export const dorefa: Method = {
  name: 'weightParamsDorefa',
  find: `
${tanhWgsl}
fn find(lane: u32, group: Group) -> vec2<f32> {
  let qmax = settings[1];
  let squashed = atLeastSmallest(tanhFloat32(group.absmax));
  return vec2<f32>(divide(1.0, qmax), divide(qmax / 2.0, squashed));
}`,
};
