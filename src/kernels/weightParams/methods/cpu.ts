/** The methods beyond abs-max in JavaScript. Sums are float64; maxima and counts are exact on every backend. */
import { floats, result } from '../../cpu';
import { type Implementation, lastAxis } from '../../definition';
import { tanhFloat32 } from '../../epilogue/tanh';
import { roundHalfEven } from '../../rounding';
import { scaleAndInverse } from '../../scale';
import { bins, factors, oneOutlierIn, ternaryThreshold } from './constants';

const { fround } = Math;

/** The weights that share one scale: a channel, or all of them. */
interface Group {
  count: number;
  at(index: number): number;
  /** NaN if one is. */
  absmax: number;
  mean: number;
}

interface Site {
  qmin: number;
  qmax: number;
}

/** Scale and, where it is not 1 / scale, the factor that takes a weight to the grid. */
type Found = readonly [scale: number, inverse?: number];
type Method = (group: Group, site: Site) => Found;

function groupOf(w: Float32Array, start: number, stride: number): Group {
  const count = Math.floor((w.length - start + stride - 1) / stride);
  let absmax = 0;
  let sum = 0;
  for (let i = start; i < w.length; i += stride) {
    const magnitude = Math.abs(w[i]!);
    absmax = Math.max(absmax, magnitude);
    sum += magnitude;
  }
  return { count, at: (index) => w[start + index * stride]!, absmax, mean: fround(fround(sum) / count) };
}

/** Params of a method; at 1 bit (mode 2) the scale is the mean magnitude, through `signScale`. */
const paramsBy =
  (method: Method, signScale: (mean: number) => number = (mean) => mean): Implementation<'w' | 'settings'> =>
  ({ inputs, backend }) => {
    const w = floats(backend, inputs.w);
    const [qmin = 0, qmax = 0, mode = 0, granularity = 0] = floats(backend, inputs.settings);
    const channels = lastAxis(inputs.w.shape);
    const params = new Float32Array(4 * channels);
    if (mode === 0) {
      params.fill(1, 0, 2 * channels);
      return result(backend, [4, channels], params);
    }
    let group: Group | undefined;
    for (let c = 0; c < channels; c++) {
      if (granularity === 1) group = groupOf(w, c, channels);
      else group ??= groupOf(w, 0, 1);
      const [found, factor] = mode === 2 ? [signScale(group.mean)] : method(group, { qmin, qmax });
      const finite = Number.isFinite(group.absmax);
      const [scale, inverse] = scaleAndInverse(finite ? found : Number.NaN);
      params[c] = scale;
      params[channels + c] = finite && factor !== undefined ? factor : inverse;
      params[3 * channels + c] = 1;
    }
    return result(backend, [4, channels], params);
  };

function squaredError({ count, at }: Group, scale: number, { qmin, qmax }: Site): number {
  const [stored, inverse] = scaleAndInverse(scale);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value = at(i);
    const q = Math.min(Math.max(roundHalfEven(fround(value * inverse)), qmin), qmax);
    const error = fround(value - fround(q * stored));
    sum += error * error;
  }
  return sum;
}

export const mseCpu = paramsBy((group, site) => {
  const whole = fround(group.absmax / site.qmax);
  let best = whole;
  let least = Number.POSITIVE_INFINITY;
  for (const factor of factors) {
    const scale = fround(whole * factor);
    const error = squaredError(group, scale, site);
    if (error > least) continue;
    least = error;
    best = scale;
  }
  return [best];
});

export const percentileCpu = paramsBy(({ count, at, absmax }, { qmax }) => {
  const histogram = new Int32Array(bins);
  const perUnit = fround(bins / absmax);
  for (let i = 0; i < count; i++)
    histogram[Math.min(bins - 1, Math.trunc(fround(Math.abs(at(i)) * perUnit)))]!++;
  const needed = count - Math.floor(count / oneOutlierIn);
  let seen = 0;
  let bin = 0;
  for (; bin < bins - 1; bin++) {
    seen += histogram[bin]!;
    if (seen >= needed) break;
  }
  return [fround(fround(absmax * ((bin + 1) / bins)) / qmax)];
});

const view = new DataView(new ArrayBuffer(4));

/** The smallest power of two that is at least x, for normal positive x; from the bits, so that it is exact. */
function powerOfTwo(x: number): number {
  view.setFloat32(0, x);
  const bits = view.getUint32(0);
  view.setUint32(0, (bits + 0x7fffff) & 0xff800000);
  return view.getFloat32(0);
}

export const pow2Cpu = paramsBy(({ absmax }, { qmax }) => [powerOfTwo(fround(absmax / qmax))], powerOfTwo);

export const meanCpu = paramsBy(({ mean }) => [mean]);

export const twnCpu = paramsBy(({ count, at, mean }) => {
  const threshold = fround(ternaryThreshold * mean);
  let sum = 0;
  let above = 0;
  for (let i = 0; i < count; i++) {
    const magnitude = Math.abs(at(i));
    if (magnitude <= threshold) continue;
    sum += magnitude;
    above++;
  }
  return [above === 0 ? 0 : fround(fround(sum) / above), scaleAndInverse(fround(2 * threshold))[1]];
});

export const dorefaCpu = paramsBy(({ absmax }, { qmax }) => [
  fround(1 / qmax),
  fround(fround(qmax / 2) / scaleAndInverse(tanhFloat32(absmax))[0]),
]);
