/** attentionSoftmax in WGSL, one thread per row, so that sums run in the order of ../rowSum.ts. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { rowSumWgsl } from '../rowSum';
import { output, Shader } from '../webgpu';
import { expWgsl } from './exp';

const forward = (causal: boolean) =>
  new Shader({
    name: causal ? 'attentionSoftmax_causal' : 'attentionSoftmax',
    tensors: [
      { name: 'p', use: 'out' },
      { name: 'scores', use: 'in' },
      { name: 'scale', use: 'in' },
    ],
    uniforms: ['rows', 'queries', 'keys'],
    code: `
${expWgsl}
${rowSumWgsl('sumOfExponentials', 'first: u32', 'p[first + k]')}
fn main(group: u32, lane: u32) {
  let row = group * 64u + lane;
  if (row >= u32(uniforms.rows)) { return; }
  let keys = u32(uniforms.keys);
  let seen = ${causal ? 'row % u32(uniforms.queries) + 1u' : 'keys'};
  let first = row * keys;
  var maximum = exact(scores[first] * scale[0]);
  var valid = true;
  for (var k = 0u; k < seen; k = k + 1u) {
    let x = exact(scores[first + k] * scale[0]);
    valid = valid && !isNan(x);
    maximum = max(maximum, x);
  }
  valid = valid && isFinite(maximum);
  for (var k = 0u; k < seen; k = k + 1u) {
    p[first + k] = expFloat32(exact(exact(scores[first + k] * scale[0]) - maximum));
  }
  let inverse = divide(1.0, sumOfExponentials(seen, first));
  for (var k = 0u; k < seen; k = k + 1u) {
    p[first + k] = select(uniforms.nan, p[first + k] * inverse, valid);
  }
  for (var k = seen; k < keys; k = k + 1u) { p[first + k] = 0.0; }
}`,
  });

const gradient = new Shader({
  name: 'attentionSoftmaxGradient',
  tensors: [
    { name: 'dscores', use: 'out' },
    { name: 'dy', use: 'in' },
    { name: 'p', use: 'in' },
    { name: 'scale', use: 'in' },
  ],
  uniforms: ['rows', 'keys'],
  code: `
${rowSumWgsl('sumOfProducts', 'first: u32', 'exact(dy[first + k] * p[first + k])')}
fn main(group: u32, lane: u32) {
  let row = group * 64u + lane;
  if (row >= u32(uniforms.rows)) { return; }
  let keys = u32(uniforms.keys);
  let sum = sumOfProducts(keys, row * keys);
  for (var i = row * keys; i < (row + 1u) * keys; i = i + 1u) {
    dscores[i] = exact(p[i] * exact(dy[i] - sum)) * scale[0];
  }
}`,
});

/** A softmax over rows of scores, a thread a row: every key seen, or causal. */
export function softmaxWebgpu(make: (causal: boolean) => Shader) {
  const shaders = { every: make(false), causal: make(true) };
  return (causal: boolean): Implementation<'scores' | 'scale'> =>
    ({ inputs: { scores, scale }, backend }) => {
      const [queries, keys] = scores.shape.slice(-2) as [number, number];
      const p = output(backend, scores.shape);
      const rows = util.sizeFromShape(scores.shape) / keys;
      const shader = causal ? shaders.causal : shaders.every;
      shader.runFor(backend, rows, [p, scores, scale], [rows, queries, keys]);
      return p;
    };
}
export const attentionSoftmaxWebgpu = softmaxWebgpu(forward);

export const attentionSoftmaxGradientWebgpu: Implementation<'dy' | 'p' | 'scale'> = ({
  inputs: { dy, p, scale },
  backend,
}) => {
  const keys = lastAxis(p.shape);
  const dscores = output(backend, p.shape);
  const rows = util.sizeFromShape(p.shape) / keys;
  gradient.runFor(backend, rows, [dscores, dy, p, scale], [rows, keys]);
  return dscores;
};
