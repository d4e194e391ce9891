/** Oscillation in WGSL, one thread a weight. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { modes } from '../quantizeByRule/constants';
import { output, Shader } from '../webgpu';
import { float } from '../wgsl';
import { entries, means, rows, sine, slack } from './constants';

const track = new Shader({
  name: 'trackOscillation',
  tensors: [
    { name: 'w', use: 'inout', reach: 'thread' },
    { name: 'state', use: 'inout' },
    { name: 'levels', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
    { name: 'control', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
fn mix01(value: f32, average: f32) -> f32 {
  let momentum = control[${entries.momentum}];
  return exact(momentum * value) + exact(exact(1.0 - momentum) * average);
}

fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  let n = u32(uniforms.wLength);
  if (i >= n || control[${entries.means}] == ${float(means.idle)}) { return; }
  let level = levels[i];
  let before = state[i];
  state[i] = level;
  if (isNan(before) || isNan(level)) {
    state[${rows.direction}u * n + i] = 0.0;
    state[${rows.frequency}u * n + i] = 0.0;
    state[${rows.mean}u * n + i] = level;
    state[${rows.pinned}u * n + i] = uniforms.nan;
    state[${rows.changes}u * n + i] = 0.0;
    return;
  }
  let change = sign(level - before);
  let direction = state[${rows.direction}u * n + i];
  let frequency = mix01(select(0.0, 1.0, change * direction < 0.0), state[${rows.frequency}u * n + i]);
  state[${rows.frequency}u * n + i] = frequency;
  if (change != 0.0) {
    state[${rows.direction}u * n + i] = change;
    state[${rows.changes}u * n + i] = state[${rows.changes}u * n + i] + 1.0;
  }
  let freezes = control[${entries.means}] == ${float(means.freeze)};
  var pinned = state[${rows.pinned}u * n + i];
  var mean = state[${rows.mean}u * n + i];
  let wasFrozen = freezes && !isNan(pinned);
  if (!wasFrozen) { mean = mix01(level, mean); }
  let freshlyFrozen = freezes && !wasFrozen && frequency > control[${entries.threshold}];
  if (freshlyFrozen) {
    mean = select(round(mean), select(-1.0, 1.0, mean >= 0.0), settings[2] == ${float(modes.sign)});
  }
  state[${rows.mean}u * n + i] = mean;
  if (wasFrozen || freshlyFrozen) {
    let channels = u32(uniforms.channels);
    let c = i % channels;
    let position = clamp(exact(pinned * params[channels + c]), settings[0], settings[1]);
    let leaves = !isNan(position) && abs(position - mean) > ${float(slack)};
    if (freshlyFrozen || leaves) { pinned = mean * params[c]; }
    w[i] = pinned;
  } else {
    pinned = uniforms.nan;
  }
  state[${rows.pinned}u * n + i] = pinned;
}`,
});

const damp = new Shader({
  name: 'dampGradient',
  tensors: [
    { name: 'damped', use: 'out' },
    { name: 'g', use: 'in' },
    { name: 'w', use: 'in' },
    { name: 'levels', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
    { name: 'control', use: 'in' },
    { name: 'clock', use: 'in' },
  ],
  uniforms: ['channels'],
  code: `
fn presentLambda() -> f32 {
  let passed = divide(exact(clock[0] - control[${entries.start}]), control[${entries.rise}]);
  let y = exact(clamp(passed, 0.0, 1.0) * ${float(Math.fround(Math.PI / 2))});
  let square = exact(y * y);
  var sum = 0.0;
  ${sine.map((coefficient) => `sum = exact(exact(sum + ${float(coefficient)}) * square);`).join('\n  ')}
  let sine = exact(y * exact(1.0 + sum));
  return exact(control[${entries.lambda}] * exact(sine * sine));
}

fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.gLength)) { return; }
  let scale = params[i % u32(uniforms.channels)];
  let value = w[i];
  var gradient = g[i];
  if (!(value < exact(scale * settings[0]) || value > exact(scale * settings[1]))) {
    let error = exact(value - exact(scale * levels[i]));
    gradient = gradient + exact(exact(2.0 * presentLambda()) * error);
  }
  damped[i] = gradient;
}`,
});

export const trackOscillationWebgpu: Implementation<
  'w' | 'levels' | 'params' | 'settings' | 'control' | 'state'
> = ({ inputs: { w, levels, params, settings, control, state }, backend }) => {
  const tensors = [w, state, levels, params, settings, control];
  track.runFor(backend, util.sizeFromShape(w.shape), tensors, [params.shape[1]!]);
  return [];
};

export const dampGradientWebgpu: Implementation<
  'g' | 'w' | 'levels' | 'params' | 'settings' | 'control' | 'clock'
> = ({ inputs: { g, w, levels, params, settings, control, clock }, backend }) => {
  const damped = output(backend, g.shape);
  const tensors = [damped, g, w, levels, params, settings, control, clock];
  damp.runFor(backend, util.sizeFromShape(g.shape), tensors, [params.shape[1]!]);
  return damped;
};
