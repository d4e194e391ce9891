/** Learned parameters of quantizing by a rule in WGSL: gradients, whose sums are taken in a fixed order, and scales. */
import type { Implementation } from '../definition';
import { output, release, Shader } from '../webgpu';
import { float, storeScale, sumOfShares } from '../wgsl';
import { clipDecay, modes, rules } from './constants';
import { channelsOf } from './shapes';
import { rounding, thread, threadsFor } from './wgsl';

const groupSize = 256;

/** `shares` [2, threads]: what the step (or clip) and the offset get from each thread's elements. */
const learnedShares = new Shader({
  name: 'learnedShares',
  tensors: [
    { name: 'shares', use: 'out' },
    { name: 'dq', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
    { name: 'clock', use: 'in' },
  ],
  uniforms: ['channels', 'threads'],
  code: `
${rounding}
fn main(group: u32, lane: u32) {
${thread}  let qmin = settings[0];
  let qmax = settings[1];
  let mode = settings[2];
  let rule = settings[4];
  var first = 0.0;
  var second = 0.0;
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    let upstream = exact(dq[i] * inverse);
    if (mode == ${float(modes.sign)}) {
      first = first + select(-upstream, upstream, x[i] >= 0.0);
      continue;
    }
    let position = positionOf(x[i], inverse);
    let p = exact(position + zeroPoint);
    let above = p >= qmax;
    if (rule == ${float(rules.pact)}) {
      first = first + select(0.0, upstream, above);
      continue;
    }
    let below = p <= qmin;
    if (above || below) {
      let end = select(qmax, qmin, below);
      first = first + upstream * select(end - zeroPoint, end, rule == ${float(rules.lsqPlus)});
      second = second + upstream;
    } else {
      first = first + upstream * exact(roundAt(position, stochastic, stream, i) - position);
    }
  }
  shares[thread] = first;
  shares[threads + thread] = second;
}`,
});

const learnedTotals = new Shader({
  name: 'learnedTotals',
  tensors: [
    { name: 'gradient', use: 'out' },
    { name: 'shares', use: 'in' },
    { name: 'settings', use: 'in' },
    { name: 'learned', use: 'in' },
  ],
  uniforms: ['channels', 'threads'],
  workgroupSize: groupSize,
  code: `
${sumOfShares(groupSize)}
fn main(group: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  let threads = u32(uniforms.threads);
  let length = u32(uniforms.learnedLength);
  let sums = sumOfShares(lane, threads);
  let rule = settings[4];
  let mode = settings[2];
  let moved = rule == ${float(rules.lsq)} && length > channels;
  let zeroPoint = select(0.0, learned[min(channels, length - 1u)], moved);
  let levels = select(max(settings[1] - zeroPoint, 1.0), 1.0, mode == ${float(modes.sign)});
  let share = select(1.0 / sqrt(settings[8] * levels), 1.0, rule == ${float(rules.pact)});
  for (var c = lane; c < length; c = c + ${groupSize}u) {
    var sum = sums.x;
    if (settings[3] != 0.0 && c < channels) {
      sum = 0.0;
      for (var i = c; i < threads; i = i + channels) { sum = sum + shares[i]; }
    }
    if (c >= channels) { sum = select(0.0, sums.y, rule == ${float(rules.lsqPlus)}); }
    var total = sum * share;
    if (rule == ${float(rules.pact)}) { total = total + ${float(clipDecay)} * learned[0]; }
    gradient[c] = select(total, 0.0, mode == 0.0);
  }
}`,
});

const paramsOfLearned = new Shader({
  name: 'learnedParams',
  tensors: [
    { name: 'params', use: 'out' },
    { name: 'learned', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
${storeScale}
fn main(group: u32, lane: u32) {
  let c = group * 64u + lane;
  let channels = u32(uniforms.channels);
  if (c >= channels) { return; }
  let length = u32(uniforms.learnedLength);
  let rule = settings[4];
  params[2u * channels + c] = 0.0;
  params[3u * channels + c] = 1.0;
  if (settings[2] == 0.0) {
    params[c] = 1.0;
    params[channels + c] = 1.0;
    params[3u * channels + c] = 0.0;
    return;
  }
  let byClip = rule == ${float(rules.pact)} || rule == ${float(rules.closed)};
  let clip = divide(max(learned[0], 0x1p-24), settings[1]);
  storeScale(c, channels, select(learned[c], clip, byClip));
  if (rule == ${float(rules.lsq)} && length > channels) {
    params[2u * channels + c] = learned[channels];
  }
  if (rule == ${float(rules.lsqPlus)}) {
    let steps = round(exact(learned[min(1u, length - 1u)] * params[channels + c]));
    params[2u * channels + c] = clamp(-steps, settings[0], settings[1]);
  }
}`,
});

export const learnedGradientWebgpu: Implementation<
  'dq' | 'x' | 'params' | 'settings' | 'learned' | 'clock'
> = ({ inputs: { dq, x, params, settings, learned, clock }, backend }) => {
  const channels = params.shape[1]!;
  const threads = threadsFor(x.shape, channels, 64);
  const shares = output(backend, [2, threads]);
  learnedShares.runFor(backend, threads, [shares, dq, x, params, settings, clock], [channels, threads]);
  const total = output(backend, learned.shape);
  learnedTotals.run(backend, [total, shares, settings, learned], [channels, threads], 1);
  release(backend, shares);
  return total;
};

export const learnedParamsWebgpu: Implementation<'learned' | 'settings'> = ({
  inputs: { learned, settings },
  backend,
}) => {
  const channels = channelsOf(learned.shape);
  const params = output(backend, [4, channels]);
  paramsOfLearned.runFor(backend, channels, [params, learned, settings], [channels]);
  return params;
};
