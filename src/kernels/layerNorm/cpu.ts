/** layerNorm in JavaScript, rounded to float32 after every operation. */
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { rowSum } from '../rowSum';
import { epsilon } from './constants';

const { fround, sqrt } = Math;

/** (row - mean) / sqrt(variance + epsilon), and that inverse deviation. */
function normalize(row: Float32Array): { normalized: Float32Array; inverse: number } {
  const count = row.length;
  const mean = fround(rowSum(count, (k) => row[k]!) / count);
  const centred = row.map((value) => value - mean);
  const variance = fround(rowSum(count, (k) => fround(centred[k]! * centred[k]!)) / count);
  const inverse = fround(1 / fround(sqrt(fround(variance + fround(epsilon)))));
  return { normalized: centred.map((value) => value * inverse), inverse };
}

export const layerNormCpu: Implementation<'x' | 'gamma' | 'beta'> = ({ inputs, backend }) => {
  const x = floats(backend, inputs.x);
  const gamma = floats(backend, inputs.gamma);
  const beta = floats(backend, inputs.beta);
  const depth = lastAxis(inputs.x.shape);
  const y = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += depth) {
    const { normalized } = normalize(x.subarray(at, at + depth));
    y.set(
      normalized.map((value, c) => fround(value * gamma[c]!) + beta[c]!),
      at,
    );
  }
  return result(backend, inputs.x.shape, y);
};

export const layerNormGradientCpu: Implementation<'dy' | 'x' | 'gamma'> = ({ inputs, backend }) => {
  const dy = floats(backend, inputs.dy);
  const x = floats(backend, inputs.x);
  const gamma = floats(backend, inputs.gamma);
  const depth = lastAxis(inputs.x.shape);
  const dx = new Float32Array(x.length);
  const dgamma = new Float64Array(depth);
  const dbeta = new Float64Array(depth);
  for (let at = 0; at < x.length; at += depth) {
    const { normalized, inverse } = normalize(x.subarray(at, at + depth));
    const upstream = dy.subarray(at, at + depth);
    const g = upstream.map((value, c) => value * gamma[c]!);
    const first = fround(rowSum(depth, (c) => g[c]!) / depth);
    const second = fround(rowSum(depth, (c) => fround(g[c]! * normalized[c]!)) / depth);
    upstream.forEach((value, c) => {
      dgamma[c]! += value * normalized[c]!;
      dbeta[c]! += value;
      dx[at + c] = inverse * fround(fround(g[c]! - first) - fround(normalized[c]! * second));
    });
  }
  return [
    result(backend, inputs.x.shape, dx),
    result(backend, [depth], Float32Array.from(dgamma)),
    result(backend, [depth], Float32Array.from(dbeta)),
  ];
};
