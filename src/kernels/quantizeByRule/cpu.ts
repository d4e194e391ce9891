/** quantizeByRule and its gradients in JavaScript, rounded to float32 after every operation. */
import { floats, replace, result } from '../cpu';
import type { Implementation, KernelCall } from '../definition';
import { tanhFloat32 } from '../epilogue/tanh';
import { chanceOf, streamOf } from '../random';
import { roundHalfEven } from '../rounding';
import { scaleAndInverse, smallestScale } from '../scale';
import { clipDecay, estimators, ewgsDelta, modes, rules, softNorm, softSteepness } from './constants';
import { channelsOf } from './shapes';

const { fround } = Math;

/** What the kernels need of a site, and what they find of one value. */
class Site {
  readonly channels: number;
  readonly qmin: number;
  readonly qmax: number;
  readonly mode: number;
  readonly rule: number;
  readonly estimator: number;
  private readonly params: Float32Array;
  private readonly stream: number | undefined;

  constructor({ inputs, backend }: KernelCall<'params' | 'settings' | 'clock'>) {
    this.params = floats(backend, inputs.params);
    this.channels = inputs.params.shape[1]!;
    const [qmin = 0, qmax = 0, mode = 0, , rule = 0, estimator = 0, stochastic = 0, seed = 0] = floats(
      backend,
      inputs.settings,
    );
    this.qmin = qmin;
    this.qmax = qmax;
    this.mode = mode;
    this.rule = rule;
    this.estimator = estimator;
    const clock = floats(backend, inputs.clock)[0]!;
    if (stochastic === 1 && clock >= 0) this.stream = streamOf(seed, clock);
  }

  private row(row: number, i: number): number {
    return this.params[row * this.channels + (i % this.channels)]!;
  }
  scale = (i: number): number => this.row(0, i);
  inverse = (i: number): number => this.row(1, i);
  zeroPoint = (i: number): number => this.row(2, i);

  /** Where a value stands on the grid, before it is rounded; the zero point is not added. */
  position(value: number, i: number): number {
    if (this.mode === modes.tanh)
      return fround(fround(tanhFloat32(value) * this.inverse(i)) + fround(this.qmax / 2));
    return fround(value * this.inverse(i));
  }

  round(position: number, i: number): number {
    if (this.stream === undefined) return roundHalfEven(position);
    const below = Math.floor(position);
    return chanceOf(this.stream, i) < position - below ? below + 1 : below;
  }
}

export const quantizeByRuleCpu: Implementation<'x' | 'params' | 'settings' | 'clock'> = (call) => {
  const { inputs, backend } = call;
  const site = new Site(call);
  const { mode, qmin, qmax } = site;
  const q = floats(backend, inputs.x).map((value, i) => {
    if (mode === modes.passThrough || Number.isNaN(value)) return value;
    if (mode === modes.sign) return value >= 0 ? 1 : -1;
    const rounded = site.round(site.position(value, i), i);
    if (mode === modes.tanh) return 2 * Math.min(Math.max(rounded, 0), qmax) - qmax;
    const zeroPoint = site.zeroPoint(i);
    return Math.min(Math.max(rounded + zeroPoint, qmin), qmax) - zeroPoint;
  });
  return result(backend, inputs.x.shape, q);
};

const half = (error: number) => Math.min(Math.max(error, -0.5), 0.5);

/** The factor that the estimator puts on the gradient. @param error rounding error, @param middle distance from the middle between two levels, in steps */
function estimate(estimator: number, upstream: number, error: number, middle: number): number {
  if (estimator === estimators.ewgs)
    return fround(1 + fround(fround(ewgsDelta * Math.sign(upstream)) * half(error)));
  if (estimator === estimators.soft) {
    const t = tanhFloat32(fround(softSteepness * half(middle)));
    return fround(softNorm * fround(1 - fround(t * t)));
  }
  return estimator === estimators.none ? 0 : 1;
}

export const quantizeByRuleGradientCpu: Implementation<'dq' | 'x' | 'params' | 'settings' | 'clock'> = (
  call,
) => {
  const { inputs, backend } = call;
  const site = new Site(call);
  const { mode, rule, qmin, qmax, estimator } = site;
  const x = floats(backend, inputs.x);
  const dx = floats(backend, inputs.dq).map((upstream, i) => {
    if (mode === modes.passThrough) return upstream;
    const value = x[i]!;
    if (Number.isNaN(value)) return 0;
    if (mode === modes.sign) {
      if (rule !== rules.everywhere && Math.abs(value) > 1) return 0;
      const error = fround(value - (value >= 0 ? 1 : -1)) / 2;
      return fround(upstream * site.inverse(i)) * estimate(estimator, upstream, error, value / 2);
    }
    const position = site.position(value, i);
    const middle = fround(position - Math.floor(position)) - 0.5;
    const rounded = site.round(position, i);
    if (mode === modes.tanh) {
      const t = tanhFloat32(value);
      const slope = fround(fround(2 * site.inverse(i)) * fround(1 - fround(t * t)));
      return fround(upstream * slope) * estimate(estimator, upstream, fround(position - rounded), middle);
    }
    const zeroPoint = site.zeroPoint(i);
    const p = fround(position + zeroPoint);
    const r = rounded + zeroPoint;
    const inside =
      rule === rules.everywhere ||
      (rule === rules.clip && r >= qmin && r <= qmax) ||
      (rule === rules.closed && p >= qmin && p <= qmax) ||
      (rule >= rules.lsq && rule <= rules.pact && p > qmin && p < qmax);
    if (!inside) return 0;
    const error = fround(p - Math.min(Math.max(r, qmin), qmax));
    const slope = rule === rules.everywhere ? fround(1 / site.scale(i)) : site.inverse(i);
    return fround(upstream * slope) * estimate(estimator, upstream, error, middle);
  });
  return result(backend, inputs.x.shape, dx);
};

export const learnedGradientCpu: Implementation<'dq' | 'x' | 'params' | 'settings' | 'learned' | 'clock'> = (
  call,
) => {
  const { inputs, backend } = call;
  const site = new Site(call);
  const { mode, rule, qmin, qmax, channels } = site;
  const x = floats(backend, inputs.x);
  const dq = floats(backend, inputs.dq);
  const [, , , granularity = 0, , , , , count = 1] = floats(backend, inputs.settings);
  const learned = floats(backend, inputs.learned);
  const gradient = new Float32Array(learned.length);
  if (mode === modes.passThrough) return result(backend, inputs.learned.shape, gradient);
  const first = new Float64Array(channels);
  let second = 0;
  for (let i = 0; i < x.length; i++) {
    const c = i % channels;
    const upstream = fround(dq[i]! * site.inverse(i));
    if (mode === modes.sign) {
      first[c]! += x[i]! >= 0 ? upstream : -upstream;
      continue;
    }
    const position = site.position(x[i]!, i);
    const zeroPoint = site.zeroPoint(i);
    const p = fround(position + zeroPoint);
    const below = p <= qmin;
    const above = p >= qmax;
    if (rule === rules.pact) {
      if (above) first[c]! += upstream;
    } else if (below || above) {
      const end = below ? qmin : qmax;
      first[c]! += fround(upstream * (rule === rules.lsqPlus ? end : end - zeroPoint));
      second += upstream;
    } else first[c]! += fround(upstream * fround(site.round(position, i) - position));
  }
  if (granularity === 0) first.fill(first.reduce((sum, value) => sum + value, 0));
  const zeroPoint = learned.length > channels && rule === rules.lsq ? learned[channels]! : 0;
  const levels = mode === modes.sign ? 1 : Math.max(qmax - zeroPoint, 1);
  const share = rule === rules.pact ? 1 : 1 / Math.sqrt(count * levels);
  for (let c = 0; c < channels; c++) gradient[c] = first[c]! * share;
  if (rule === rules.pact) gradient[0]! += fround(clipDecay * learned[0]!);
  if (rule === rules.lsqPlus) gradient[1] = second * share;
  return result(backend, inputs.learned.shape, gradient);
};

export const learnedParamsCpu: Implementation<'learned' | 'settings'> = ({ inputs, backend }) => {
  const learned = floats(backend, inputs.learned);
  const channels = channelsOf(inputs.learned.shape);
  const [qmin = 0, qmax = 0, mode = 0, , rule = 0] = floats(backend, inputs.settings);
  const params = new Float32Array(4 * channels);
  if (mode === modes.passThrough) {
    params.fill(1, 0, 2 * channels);
    return result(backend, [4, channels], params);
  }
  for (let c = 0; c < channels; c++) {
    const byClip = rule === rules.pact || rule === rules.closed;
    const [scale, inverse] = scaleAndInverse(
      byClip ? fround(Math.max(learned[0]!, smallestScale) / qmax) : learned[c]!,
    );
    let zeroPoint = 0;
    if (rule === rules.lsq && learned.length > channels) zeroPoint = learned[channels]!;
    if (rule === rules.lsqPlus)
      zeroPoint = Math.min(Math.max(-roundHalfEven(fround(learned[1]! * inverse)), qmin), qmax);
    params[c] = scale;
    params[channels + c] = inverse;
    params[2 * channels + c] = zeroPoint;
    params[3 * channels + c] = 1;
  }
  return result(backend, [4, channels], params);
};

export const advanceClockCpu: Implementation<'clock'> = ({ inputs, backend }) => {
  replace(backend, inputs.clock, Float32Array.of(floats(backend, inputs.clock)[0]! + 1));
  return [];
};
