/** Oscillation in JavaScript, rounded to float32 after every operation, as WebAssembly does. */
import { floats, replace, result } from '../cpu';
import type { Implementation } from '../definition';
import { modes } from '../quantizeByRule/constants';
import { roundHalfEven } from '../rounding';
import { entries, means, rows, sine, slack } from './constants';

const { fround } = Math;

export const trackOscillationCpu: Implementation<
  'w' | 'levels' | 'params' | 'settings' | 'control' | 'state'
> = ({ inputs, backend }) => {
  const control = floats(backend, inputs.control);
  if (control[entries.means] === means.idle) return [];
  const levels = floats(backend, inputs.levels);
  const params = floats(backend, inputs.params);
  const [qmin = 0, qmax = 0, mode = 0] = floats(backend, inputs.settings);
  const n = levels.length;
  const channels = inputs.params.shape[1]!;
  const w = floats(backend, inputs.w).slice();
  const state = floats(backend, inputs.state).slice();
  const row = (index: number) => state.subarray(index * n, (index + 1) * n);
  const last = row(rows.level);
  const direction = row(rows.direction);
  const frequency = row(rows.frequency);
  const mean = row(rows.mean);
  const pinned = row(rows.pinned);
  const changes = row(rows.changes);
  const freezes = control[entries.means] === means.freeze;
  const threshold = control[entries.threshold]!;
  const momentum = control[entries.momentum]!;
  const rest = fround(1 - momentum);
  const mix = (value: number, average: number) => fround(momentum * value) + fround(rest * average);

  for (let i = 0; i < n; i++) {
    const level = levels[i]!;
    const before = last[i]!;
    last[i] = level;
    if (Number.isNaN(before) || Number.isNaN(level)) {
      direction[i] = 0;
      frequency[i] = 0;
      mean[i] = level;
      pinned[i] = Number.NaN;
      changes[i] = 0;
      continue;
    }
    const change = Math.sign(level - before);
    frequency[i] = mix(change * direction[i]! < 0 ? 1 : 0, frequency[i]!);
    if (change !== 0) {
      direction[i] = change;
      changes[i]!++;
    }
    const wasFrozen = freezes && !Number.isNaN(pinned[i]!);
    if (!wasFrozen) mean[i] = mix(level, mean[i]!);
    const freshlyFrozen = freezes && !wasFrozen && frequency[i]! > threshold;
    if (freshlyFrozen) mean[i] = mode === modes.sign ? (mean[i]! >= 0 ? 1 : -1) : roundHalfEven(mean[i]!);
    if (!(wasFrozen || freshlyFrozen)) pinned[i] = Number.NaN;
    else {
      const c = i % channels;
      const position = Math.min(Math.max(fround(pinned[i]! * params[channels + c]!), qmin), qmax);
      const leaves = Math.abs(fround(position - mean[i]!)) > slack;
      if (freshlyFrozen || leaves) pinned[i] = mean[i]! * params[c]!;
      w[i] = pinned[i]!;
    }
  }
  replace(backend, inputs.state, state);
  if (freezes) replace(backend, inputs.w, w);
  return [];
};

/** lambda at this time: its final value times sin^2(pi / 2 x) = (1 - cos(pi x)) / 2, where x goes from 0 to 1. */
function presentLambda(control: Float32Array, clock: number): number {
  const passed = fround(fround(clock - control[entries.start]!) / control[entries.rise]!);
  const y = fround(Math.min(Math.max(passed, 0), 1) * fround(Math.PI / 2));
  const square = fround(y * y);
  let sum = 0;
  for (const coefficient of sine) sum = fround(fround(sum + coefficient) * square);
  const sin = fround(y * fround(1 + sum));
  return fround(control[entries.lambda]! * fround(sin * sin));
}

export const dampGradientCpu: Implementation<
  'g' | 'w' | 'levels' | 'params' | 'settings' | 'control' | 'clock'
> = ({ inputs, backend }) => {
  const w = floats(backend, inputs.w);
  const levels = floats(backend, inputs.levels);
  const params = floats(backend, inputs.params);
  const [qmin = 0, qmax = 0] = floats(backend, inputs.settings);
  const channels = inputs.params.shape[1]!;
  const twice = fround(2 * presentLambda(floats(backend, inputs.control), floats(backend, inputs.clock)[0]!));
  const damped = floats(backend, inputs.g).map((g, i) => {
    const scale = params[i % channels]!;
    const value = w[i]!;
    if (value < fround(scale * qmin) || value > fround(scale * qmax)) return g;
    return g + fround(twice * fround(value - fround(scale * levels[i]!)));
  });
  return result(backend, inputs.g.shape, damped);
};
