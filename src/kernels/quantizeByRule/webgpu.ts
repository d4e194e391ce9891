/** quantizeByRule and its gradient in WGSL. Threads handle several elements of one channel. */
import type { Implementation } from '../definition';
import { output, Shader } from '../webgpu';
import { float } from '../wgsl';
import { estimators, ewgsDelta, modes, rules, softNorm, softSteepness } from './constants';
import { rounding, thread, threadsFor } from './wgsl';

const forward = new Shader({
  name: 'quantizeByRule',
  tensors: [
    { name: 'q', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
    { name: 'clock', use: 'in' },
  ],
  uniforms: ['channels', 'threads'],
  code: `
${rounding}
fn quantized(value: f32, inverse: f32, zeroPoint: f32, stochastic: bool, stream: u32, index: u32) -> f32 {
  let mode = settings[2];
  if (mode == 0.0 || isNan(value)) { return value; }
  if (mode == ${float(modes.sign)}) { return select(-1.0, 1.0, value >= 0.0); }
  if (isNan(inverse)) { return inverse; }
  let qmax = settings[1];
  let rounded = roundAt(positionOf(value, inverse), stochastic, stream, index);
  if (mode == ${float(modes.tanh)}) { return 2.0 * clamp(rounded, 0.0, qmax) - qmax; }
  return clamp(rounded + zeroPoint, settings[0], qmax) - zeroPoint;
}

fn main(group: u32, lane: u32) {
${thread}  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    q[i] = quantized(x[i], inverse, zeroPoint, stochastic, stream, i);
  }
}`,
});

const gradient = new Shader({
  name: 'quantizeByRuleGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'dq', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
    { name: 'settings', use: 'in' },
    { name: 'clock', use: 'in' },
  ],
  uniforms: ['channels', 'threads'],
  code: `
${rounding}
fn estimate(upstream: f32, error: f32, middle: f32) -> f32 {
  let estimator = settings[5];
  if (estimator == ${float(estimators.ewgs)}) {
    return exact(1.0 + exact(${float(ewgsDelta)} * sign(upstream) * clamp(error, -0.5, 0.5)));
  }
  if (estimator == ${float(estimators.soft)}) {
    let t = tanhFloat32(${float(softSteepness)} * clamp(middle, -0.5, 0.5));
    return exact(${float(softNorm)} * exact(1.0 - exact(t * t)));
  }
  return select(1.0, 0.0, estimator == ${float(estimators.none)});
}

fn gradientAt(
  upstream: f32, value: f32, scale: f32, inverse: f32, zeroPoint: f32, stochastic: bool, stream: u32, index: u32,
) -> f32 {
  let mode = settings[2];
  let rule = settings[4];
  if (mode == 0.0) { return upstream; }
  if (isNan(value)) { return 0.0; }
  let everywhere = rule == ${float(rules.everywhere)};
  if (mode == ${float(modes.sign)}) {
    if (!everywhere && abs(value) > 1.0) { return 0.0; }
    let error = (value - select(-1.0, 1.0, value >= 0.0)) * 0.5;
    return exact(upstream * inverse) * estimate(upstream, error, value * 0.5);
  }
  let position = positionOf(value, inverse);
  let middle = exact(position - floor(position)) - 0.5;
  let rounded = roundAt(position, stochastic, stream, index);
  if (mode == ${float(modes.tanh)}) {
    let t = tanhFloat32(value);
    let slope = exact(2.0 * inverse * exact(1.0 - exact(t * t)));
    return exact(upstream * slope) * estimate(upstream, exact(position - rounded), middle);
  }
  let qmin = settings[0];
  let qmax = settings[1];
  let p = exact(position + zeroPoint);
  let r = rounded + zeroPoint;
  let strictly = p > qmin && p < qmax;
  var inside = strictly || everywhere;
  inside = select(inside, r >= qmin && r <= qmax, rule == ${float(rules.clip)});
  inside = select(inside, p >= qmin && p <= qmax, rule == ${float(rules.closed)});
  if (!inside) { return 0.0; }
  let slope = select(inverse, divide(1.0, scale), everywhere);
  return exact(upstream * slope) * estimate(upstream, exact(p - clamp(r, qmin, qmax)), middle);
}

fn main(group: u32, lane: u32) {
${thread}  let scale = params[c];
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    dx[i] = gradientAt(dq[i], x[i], scale, inverse, zeroPoint, stochastic, stream, i);
  }
}`,
});

const advance = new Shader({
  name: 'advanceClock',
  tensors: [{ name: 'clock', use: 'inout' }],
  uniforms: [],
  code: `
fn main(group: u32, lane: u32) {
  if (lane > 0u) { return; }
  clock[0] = clock[0] + 1.0;
}`,
});

export const quantizeByRuleWebgpu: Implementation<'x' | 'params' | 'settings' | 'clock'> = ({
  inputs: { x, params, settings, clock },
  backend,
}) => {
  const q = output(backend, x.shape);
  const channels = params.shape[1]!;
  const threads = threadsFor(x.shape, channels);
  forward.runFor(backend, threads, [q, x, params, settings, clock], [channels, threads]);
  return q;
};

export const quantizeByRuleGradientWebgpu: Implementation<'dq' | 'x' | 'params' | 'settings' | 'clock'> = ({
  inputs: { dq, x, params, settings, clock },
  backend,
}) => {
  const dx = output(backend, x.shape);
  const channels = params.shape[1]!;
  const threads = threadsFor(x.shape, channels);
  gradient.runFor(backend, threads, [dx, dq, x, params, settings, clock], [channels, threads]);
  return dx;
};

export const advanceClockWebgpu: Implementation<'clock'> = ({ inputs: { clock }, backend }) => {
  advance.run(backend, [clock], [], 1);
  return [];
};
