/** Learned widths in WGSL. Sums are taken in a fixed order. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { output, release, Shader } from '../webgpu';
import { sumOfShares } from '../wgsl';
import { exp2Wgsl } from './exp2';

const groupSize = 256;
/** Elements whose share of the gradient one thread adds up, at least. */
const perThread = 64;

/** WGSL: the grid of a learned width and clip. */
const grid = `
${exp2Wgsl}
struct Grid { clip: f32, steps: f32, scale: f32, inverse: f32, levels: f32 }

fn gridOfLearned() -> Grid {
  let clip = exp2Float32(learned[1]);
  let steps = clamp(exact(exp2Float32(learned[0] - 1.0) - 1.0), 1.0, settings[1]);
  let scale = max(divide(clip, steps), 0x1p-24);
  let known = isFinite(learned[0]) && isFinite(learned[1]);
  return Grid(
    clip, steps, select(uniforms.nan, scale, known), select(uniforms.nan, divide(1.0, scale), known), round(steps),
  );
}
`;

const params = new Shader({
  name: 'learnedBitsParams',
  tensors: [
    { name: 'params', use: 'out' },
    { name: 'learned', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
${grid}
fn main(group: u32, lane: u32) {
  let c = group * 64u + lane;
  let channels = u32(uniforms.channels);
  if (c >= channels) { return; }
  let found = gridOfLearned();
  let passes = settings[2] == 0.0;
  params[c] = select(found.scale, 1.0, passes);
  params[channels + c] = select(found.inverse, 1.0, passes);
  params[2u * channels + c] = 0.0;
  params[3u * channels + c] = select(1.0, 0.0, passes);
}`,
});

const forward = new Shader({
  name: 'quantizeLearnedBits',
  tensors: [
    { name: 'q', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'learned', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: [],
  code: `
${grid}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let found = gridOfLearned();
  let value = x[i];
  let quantized = clamp(round(value * found.inverse), -found.levels, found.levels);
  let known = select(quantized, uniforms.nan, isNan(found.inverse) || isNan(value));
  q[i] = select(known, value, settings[2] == 0.0);
}`,
});

const gradient = new Shader({
  name: 'quantizeLearnedBitsGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dq', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'learned', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: [],
  code: `
${grid}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let found = gridOfLearned();
  let inside = abs(x[i]) <= found.clip && !isNan(x[i]);
  let masked = select(0.0, dq[i] * found.inverse, inside);
  dx[i] = select(masked, dq[i], settings[2] == 0.0);
}`,
});

/** `shares` [2, threads]: what the scale and the clip get from each thread's elements. */
const shares = new Shader({
  name: 'learnedBitsShares',
  tensors: [
    { name: 'shares', use: 'out' },
    { name: 'dq', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'learned', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['threads'],
  code: `
${grid}
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let threads = u32(uniforms.threads);
  if (thread >= threads) { return; }
  let found = gridOfLearned();
  var byScale = 0.0;
  var byClip = 0.0;
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    let upstream = exact(dq[i] * found.inverse);
    let inside = clamp(x[i], -found.clip, found.clip);
    let position = exact(inside * found.inverse);
    let q = clamp(round(position), -found.levels, found.levels);
    byScale = byScale + upstream * exact(q - position);
    byClip = byClip + select(upstream * sign(x[i]), 0.0, inside == x[i]);
  }
  shares[thread] = byScale;
  shares[threads + thread] = byClip;
}`,
});

const totals = new Shader({
  name: 'learnedBitsTotals',
  tensors: [
    { name: 'gradient', use: 'out' },
    { name: 'shares', use: 'in' },
    { name: 'learned', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['threads'],
  workgroupSize: groupSize,
  code: `
${grid}
${sumOfShares(groupSize)}
fn main(group: u32, lane: u32) {
  let sums = sumOfShares(lane, u32(uniforms.threads));
  if (lane > 0u) { return; }
  let found = gridOfLearned();
  let ln2 = ${Math.fround(Math.LN2)}f;
  let byWidth = -ln2 * divide(found.steps + 1.0, found.steps) * found.scale * sums.x;
  var width = byWidth + settings[9];
  if (found.steps >= settings[1]) { width = max(width, 0.0); }
  else if (found.steps <= 1.0) { width = min(byWidth, 0.0); }
  let learns = settings[2] != 0.0;
  gradient[0] = select(0.0, width, learns);
  gradient[1] = select(0.0, ln2 * (found.clip * sums.y + found.scale * sums.x), learns);
}`,
});

export const learnedBitsParamsWebgpu: Implementation<'w' | 'learned' | 'settings'> = ({
  inputs: { w, learned, settings },
  backend,
}) => {
  const channels = lastAxis(w.shape);
  const found = output(backend, [4, channels]);
  params.runFor(backend, channels, [found, learned, settings], [channels]);
  return found;
};

export const quantizeLearnedBitsWebgpu: Implementation<'x' | 'learned' | 'settings'> = ({
  inputs: { x, learned, settings },
  backend,
}) => {
  const q = output(backend, x.shape);
  forward.runFor(backend, util.sizeFromShape(x.shape), [q, x, learned, settings]);
  return q;
};

export const quantizeLearnedBitsGradientWebgpu: Implementation<'dq' | 'x' | 'learned' | 'settings'> = ({
  inputs: { dq, x, learned, settings },
  backend,
}) => {
  const dx = output(backend, x.shape);
  gradient.runFor(backend, util.sizeFromShape(x.shape), [dx, dq, x, learned, settings]);
  return dx;
};

export const learnedBitsGradientWebgpu: Implementation<'dq' | 'x' | 'learned' | 'settings'> = ({
  inputs: { dq, x, learned, settings },
  backend,
}) => {
  const size = util.sizeFromShape(x.shape);
  const threads = Math.ceil(size / Math.max(perThread, Math.ceil(Math.sqrt(size))));
  const sums = output(backend, [2, threads]);
  shares.runFor(backend, threads, [sums, dq, x, learned, settings], [threads]);
  const found = output(backend, learned.shape);
  totals.run(backend, [found, sums, learned, settings], [threads], 1);
  release(backend, sums);
  return found;
};
