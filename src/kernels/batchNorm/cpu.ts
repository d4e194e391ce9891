/** Batch normalization in JavaScript: sums in float64, everything else rounded to float32 after every operation. */
import { floats, replace, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { epsilon } from './constants';

const { fround, sqrt } = Math;

/** sqrt(variance + epsilon) of each channel. @param statistics [2, C] */
function deviations(statistics: Float32Array): Float32Array {
  return statistics.slice(statistics.length / 2).map((variance) => sqrt(fround(variance + epsilon)));
}

export const batchMoments: Implementation<'x'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const channels = lastAxis(inputs.x.shape);
  const rows = x.length / channels;
  const sums = new Float64Array(2 * channels);
  x.forEach((value, i) => {
    sums[i % channels]! += value;
  });
  const means = sums.slice(0, channels).map((sum) => sum / rows);
  x.forEach((value, i) => {
    const c = i % channels;
    sums[channels + c]! += (value - means[c]!) ** 2;
  });
  return result(
    backend,
    [2, channels],
    Float32Array.from(sums, (sum) => sum / rows),
  );
};

export const batchNorm: Implementation<'x' | 'gamma' | 'beta' | 'statistics'> = ({ inputs, backend }) => {
  const channels = lastAxis(inputs.x.shape);
  const statistics = floats(backend, inputs.statistics);
  const beta = floats(backend, inputs.beta);
  const spread = deviations(statistics);
  const scales = floats(backend, inputs.gamma).map((gamma, c) => gamma / spread[c]!);
  const y = floats(backend, inputs.x).map((value, i) => {
    const c = i % channels;
    return fround(fround(value - statistics[c]!) * scales[c]!) + beta[c]!;
  });
  return result(backend, inputs.x.shape, y);
};

export const batchNormGradient: Implementation<'dy' | 'x' | 'gamma' | 'statistics'> = ({
  inputs,
  backend,
}) => {
  const channels = lastAxis(inputs.x.shape);
  const x = floats(backend, inputs.x);
  const dy = floats(backend, inputs.dy);
  const gamma = floats(backend, inputs.gamma);
  const statistics = floats(backend, inputs.statistics);
  const rows = x.length / channels;
  const spread = deviations(statistics);
  const inverses = spread.map((deviation) => 1 / deviation);
  const normalized = (i: number, c: number) => fround(fround(x[i]! - statistics[c]!) * inverses[c]!);
  const sums = new Float64Array(channels);
  const products = new Float64Array(channels);
  dy.forEach((upstream, i) => {
    const c = i % channels;
    sums[c]! += upstream;
    products[c]! += upstream * normalized(i, c);
  });
  const dbeta = Float32Array.from(sums);
  const dgamma = Float32Array.from(products);
  const meanSums = dbeta.map((sum) => sum / rows);
  const meanProducts = dgamma.map((sum) => sum / rows);
  const scales = gamma.map((value, c) => value / spread[c]!);
  const dx = dy.map((upstream, i) => {
    const c = i % channels;
    const centred = fround(upstream - meanSums[c]!);
    return scales[c]! * fround(centred - fround(normalized(i, c) * meanProducts[c]!));
  });
  return [
    result(backend, inputs.x.shape, dx),
    result(backend, [channels], dgamma),
    result(backend, [channels], dbeta),
  ];
};

export const updateRunning: Implementation<'running' | 'moments' | 'momentum' | 'x'> = ({
  inputs,
  backend,
}) => {
  const channels = lastAxis(inputs.x.shape);
  const rows = inputs.x.shape.reduce((product, length) => product * length, 1) / channels;
  const moments = floats(backend, inputs.moments);
  const momentum = floats(backend, inputs.momentum)[0]!;
  const unbias = fround(rows / Math.max(rows - 1, 1));
  const running = floats(backend, inputs.running).map((old, i) => {
    const value = i < channels ? moments[i]! : fround(moments[i]! * unbias);
    return fround(fround(1 - momentum) * old) + fround(momentum * value);
  });
  replace(backend, inputs.running, running);
  return [];
};

export const channelScale: Implementation<'gamma' | 'statistics'> = ({ inputs, backend }) => {
  const spread = deviations(floats(backend, inputs.statistics));
  const scales = floats(backend, inputs.gamma).map((gamma, c) => gamma / spread[c]!);
  return result(backend, inputs.gamma.shape, scales);
};
