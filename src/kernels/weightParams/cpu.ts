/** weightParams in JavaScript. */
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { scaleAndInverse } from '../scale';

/** |w| reduced per channel, or over everything into every channel. */
function reduce(
  w: Float32Array,
  channels: number,
  perChannel: boolean,
  combine: (a: number, b: number) => number,
): Float64Array {
  const reduced = new Float64Array(channels);
  for (let i = 0; i < w.length; i++) {
    const c = i % channels;
    reduced[c] = combine(reduced[c]!, Math.abs(w[i]!));
  }
  return perChannel ? reduced : reduced.fill(reduced.reduce(combine, 0));
}

export const absmaxCpu: Implementation<'w' | 'settings'> = ({ inputs, backend }) => {
  const w = floats(backend, inputs.w);
  const [qmin = 0, qmax = 0, mode = 0, granularity = 0] = floats(backend, inputs.settings);
  const channels = lastAxis(inputs.w.shape);
  const params = new Float32Array(4 * channels);
  if (mode === 0) {
    params.fill(1, 0, 2 * channels);
    return result(backend, [4, channels], params);
  }
  const perChannel = granularity === 1;
  const reduced =
    mode === 2
      ? reduce(w, channels, perChannel, (a, b) => a + b)
      : reduce(w, channels, perChannel, (a, b) => Math.max(a, b));
  const divisor = mode === 2 ? (perChannel ? w.length / channels : w.length) : (qmax - qmin) / 2;
  reduced.forEach((value, c) => {
    const [scale, inverse] = scaleAndInverse(Math.fround(Math.fround(value) / divisor));
    params[c] = scale;
    params[channels + c] = inverse;
    params[3 * channels + c] = 1;
  });
  return result(backend, [4, channels], params);
};
