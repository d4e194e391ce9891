/** Learned widths in JavaScript, rounded to float32 after every operation but for sums, which are float64. */
import { floats, result } from '../cpu';
import { type Implementation, type KernelCall, lastAxis } from '../definition';
import { roundHalfEven } from '../rounding';
import { scaleAndInverse } from '../scale';
import { exp2Float32 } from './exp2';

const { fround } = Math;
const passThrough = 0;

/** The grid of a learned width and clip. */
function gridOf({ inputs, backend }: KernelCall<'learned' | 'settings'>) {
  const [width = 0, logClip = 0] = floats(backend, inputs.learned);
  const settings = floats(backend, inputs.settings);
  const [, qmax = 0, mode = 0] = settings;
  const clip = exp2Float32(logClip);
  const steps = Math.min(Math.max(fround(exp2Float32(fround(width - 1)) - 1), 1), qmax);
  const [scale, inverse] = scaleAndInverse(fround(clip / steps));
  return { clip, steps, qmax, scale, inverse, levels: roundHalfEven(steps), mode, penalty: settings[9]! };
}

export const learnedBitsParamsCpu: Implementation<'w' | 'learned' | 'settings'> = (call) => {
  const { scale, inverse, mode } = gridOf(call);
  const rows = mode === passThrough ? [1, 1, 0, 0] : [scale, inverse, 0, 1];
  const channels = lastAxis(call.inputs.w.shape);
  const params = Float32Array.from({ length: 4 * channels }, (_, i) => rows[Math.floor(i / channels)]!);
  return result(call.backend, [4, channels], params);
};

export const quantizeLearnedBitsCpu: Implementation<'x' | 'learned' | 'settings'> = (call) => {
  const { inverse, levels, mode } = gridOf(call);
  const q = floats(call.backend, call.inputs.x).map((value) => {
    if (mode === passThrough) return value;
    return Math.min(Math.max(roundHalfEven(fround(value * inverse)), -levels), levels);
  });
  return result(call.backend, call.inputs.x.shape, q);
};

export const quantizeLearnedBitsGradientCpu: Implementation<'dq' | 'x' | 'learned' | 'settings'> = (call) => {
  const { clip, inverse, mode } = gridOf(call);
  const x = floats(call.backend, call.inputs.x);
  const dx = floats(call.backend, call.inputs.dq).map((upstream, i) => {
    if (mode === passThrough) return upstream;
    return Math.abs(x[i]!) <= clip ? upstream * inverse : 0;
  });
  return result(call.backend, call.inputs.x.shape, dx);
};

export const learnedBitsGradientCpu: Implementation<'dq' | 'x' | 'learned' | 'settings'> = (call) => {
  const { inputs, backend } = call;
  const { clip, steps, qmax, scale, inverse, levels, mode, penalty } = gridOf(call);
  const gradient = new Float32Array(2);
  if (mode === passThrough) return result(backend, [2], gradient);
  const x = floats(backend, inputs.x);
  const dq = floats(backend, inputs.dq);
  let byScale = 0;
  let byClip = 0;
  for (let i = 0; i < x.length; i++) {
    const upstream = fround(dq[i]! * inverse);
    const clipped = Math.min(Math.max(x[i]!, -clip), clip);
    const position = fround(clipped * inverse);
    const q = Math.min(Math.max(roundHalfEven(position), -levels), levels);
    byScale += upstream * fround(q - position);
    if (clipped !== x[i]!) byClip += Math.sign(x[i]!) * upstream;
  }
  const byWidth = -Math.LN2 * ((steps + 1) / steps) * scale * byScale;
  if (steps >= qmax) gradient[0] = Math.max(byWidth + penalty, 0);
  else if (steps <= 1) gradient[0] = Math.min(byWidth, 0);
  else gradient[0] = byWidth + penalty;
  gradient[1] = Math.LN2 * (clip * byClip + scale * byScale);
  return result(backend, [2], gradient);
};
