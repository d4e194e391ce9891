/**
 * layerNorm in WGSL, one thread per row, so that sums run in the order of ../rowSum.ts. The gradients of gamma and beta
 * are partial sums over rows, then their sum, in a fixed order.
 */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { rowSumWgsl } from '../rowSum';
import { output, release, Shader } from '../webgpu';
import { exactSquareRoot } from '../wgsl';
import { epsilon } from './constants';

/** `moments(first, depth)`: mean and inverse deviation of the row of x that begins at `first`. */
const moments = `
${exactSquareRoot}
${rowSumWgsl('sumOfValues', 'first: u32', 'x[first + k]')}
${rowSumWgsl('sumOfSquares', 'first: u32, mean: f32', 'squareOf(exact(x[first + k] - mean))')}
fn squareOf(value: f32) -> f32 { return exact(value * value); }

fn moments(first: u32, depth: u32) -> vec2<f32> {
  let mean = divide(sumOfValues(depth, first), f32(depth));
  let variance = divide(sumOfSquares(depth, first, mean), f32(depth));
  return vec2<f32>(mean, divide(1.0, squareRoot(exact(variance + ${epsilon}))));
}
`;

const forward = new Shader({
  name: 'layerNorm',
  tensors: [
    { name: 'y', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'gamma', use: 'in' },
    { name: 'beta', use: 'in' },
  ],
  uniforms: ['rows'],
  code: `
${moments}
fn main(group: u32, lane: u32) {
  let row = group * 64u + lane;
  if (row >= u32(uniforms.rows)) { return; }
  let depth = u32(uniforms.gammaLength);
  let m = moments(row * depth, depth);
  for (var c = 0u; c < depth; c = c + 1u) {
    let i = row * depth + c;
    y[i] = exact(exact(exact(x[i] - m.x) * m.y) * gamma[c]) + beta[c];
  }
}`,
});

const gradient = new Shader({
  name: 'layerNormGradient',
  tensors: [
    { name: 'dx', use: 'out' },
    { name: 'saved', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'gamma', use: 'in' },
  ],
  uniforms: ['rows'],
  code: `
${moments}
${rowSumWgsl('sumOfUpstream', 'first: u32', 'exact(dy[first + k] * gamma[k])')}
${rowSumWgsl(
  'sumOfProducts',
  'first: u32, m: vec2<f32>',
  'exact(exact(dy[first + k] * gamma[k]) * exact(exact(x[first + k] - m.x) * m.y))',
)}
fn main(group: u32, lane: u32) {
  let row = group * 64u + lane;
  if (row >= u32(uniforms.rows)) { return; }
  let depth = u32(uniforms.gammaLength);
  let m = moments(row * depth, depth);
  saved[2u * row] = m.x;
  saved[2u * row + 1u] = m.y;
  let firstMean = divide(sumOfUpstream(depth, row * depth), f32(depth));
  let secondMean = divide(sumOfProducts(depth, row * depth, m), f32(depth));
  for (var c = 0u; c < depth; c = c + 1u) {
    let i = row * depth + c;
    let normalized = exact(exact(x[i] - m.x) * m.y);
    let centred = exact(exact(exact(dy[i] * gamma[c]) - firstMean) - exact(normalized * secondMean));
    dx[i] = m.y * centred;
  }
}`,
});

/** Thread (part, c) handles rows part, part + parts, ... of column c. */
const partialSums = new Shader({
  name: 'layerNormPartialSums',
  tensors: [
    { name: 'gammaSums', use: 'out' },
    { name: 'betaSums', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'x', use: 'in' },
    { name: 'saved', use: 'in' },
  ],
  uniforms: ['depth'],
  code: `
fn main(group: u32, lane: u32) {
  let thread = group * 64u + lane;
  let depth = u32(uniforms.depth);
  let threads = u32(uniforms.gammaSumsLength);
  if (thread >= threads) { return; }
  var gammaSum = 0.0;
  var betaSum = 0.0;
  for (var i = thread; i < u32(uniforms.xLength); i = i + threads) {
    let row = i / depth;
    gammaSum = gammaSum + dy[i] * ((x[i] - saved[2u * row]) * saved[2u * row + 1u]);
    betaSum = betaSum + dy[i];
  }
  gammaSums[thread] = gammaSum;
  betaSums[thread] = betaSum;
}`,
});

const sumParts = new Shader({
  name: 'layerNormSumParts',
  tensors: [
    { name: 'dgamma', use: 'out' },
    { name: 'dbeta', use: 'out' },
    { name: 'gammaSums', use: 'in' },
    { name: 'betaSums', use: 'in' },
  ],
  uniforms: [],
  code: `
fn main(group: u32, lane: u32) {
  let c = group * 64u + lane;
  let depth = u32(uniforms.dgammaLength);
  if (c >= depth) { return; }
  var gammaSum = 0.0;
  var betaSum = 0.0;
  for (var i = c; i < u32(uniforms.gammaSumsLength); i = i + depth) {
    gammaSum = gammaSum + gammaSums[i];
    betaSum = betaSum + betaSums[i];
  }
  dgamma[c] = gammaSum;
  dbeta[c] = betaSum;
}`,
});

export const layerNormWebgpu: Implementation<'x' | 'gamma' | 'beta'> = ({
  inputs: { x, gamma, beta },
  backend,
}) => {
  const y = output(backend, x.shape);
  const rows = util.sizeFromShape(x.shape) / lastAxis(x.shape);
  forward.runFor(backend, rows, [y, x, gamma, beta], [rows]);
  return y;
};

export const layerNormGradientWebgpu: Implementation<'dy' | 'x' | 'gamma'> = ({
  inputs: { dy, x, gamma },
  backend,
}) => {
  const depth = lastAxis(x.shape);
  const rows = util.sizeFromShape(x.shape) / depth;
  const parts = Math.ceil(Math.sqrt(rows));
  const dx = output(backend, x.shape);
  const saved = output(backend, [rows, 2]);
  gradient.runFor(backend, rows, [dx, saved, dy, x, gamma], [rows]);
  const sums = [output(backend, [parts, depth]), output(backend, [parts, depth])];
  partialSums.runFor(backend, parts * depth, [...sums, dy, x, saved], [depth]);
  const [dgamma, dbeta] = [output(backend, [depth]), output(backend, [depth])];
  sumParts.runFor(backend, depth, [dgamma, dbeta, ...sums]);
  for (const temporary of [saved, ...sums]) release(backend, temporary);
  return [dx, dgamma, dbeta];
};
