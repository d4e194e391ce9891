/** integerLayerNorm in WGSL, one thread per row, in 32-bit integers. */
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { epsilon } from '../layerNorm/constants';
import { output, Shader } from '../webgpu';
import { largestEpsilon, normalBits } from './constants';

const shader = new Shader({
  name: 'integerLayerNorm',
  tensors: [
    { name: 'y', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'params', use: 'in' },
  ],
  uniforms: ['rows', 'depth'],
  code: `
/* The integer part of the root of n, which is at least 2^30. */
fn rootOf(n: u32) -> u32 {
  var rest = n;
  var root = 0u;
  for (var bit = 1u << 30u; bit > 0u; bit = bit >> 2u) {
    if (rest >= root + bit) {
      rest = rest - (root + bit);
      root = (root >> 1u) + bit;
    } else {
      root = root >> 1u;
    }
  }
  return root;
}

fn main(group: u32, lane: u32) {
  let row = group * 64u + lane;
  if (row >= u32(uniforms.rows)) { return; }
  let depth = uniforms.depth;
  let first = row * u32(depth);
  var sum = 0;
  var squares = 0;
  var valid = !isNan(params[0]);
  for (var c = 0u; c < u32(depth); c = c + 1u) {
    let value = x[first + c];
    valid = valid && !isNan(value);
    sum = sum + i32(value);
    squares = squares + i32(value) * i32(value);
  }
  let features = exact(exact(${epsilon} * f32(depth)) * f32(depth));
  let ratio = divide(features, exact(params[0] * params[0]));
  let added = u32(min(round(ratio), ${largestEpsilon}.0));
  /* Terms may leave 32 bits, their difference does not. */
  var n = max(u32(depth) * u32(squares) - u32(abs(sum)) * u32(abs(sum)) + added, 1u);
  var power = ${2 ** normalBits}u;
  while (n < ${2 ** 30}u) {
    n = n << 2u;
    power = power << 1u;
  }
  let root = rootOf(n);
  for (var c = 0u; c < u32(depth); c = c + 1u) {
    let centred = depth * i32(x[first + c]) - sum;
    let steps = f32((u32(abs(centred)) * power + (root >> 1u)) / root);
    y[first + c] = select(uniforms.nan, select(steps, -steps, centred < 0), valid);
  }
}`,
});

export const integerLayerNormWebgpu: Implementation<'x' | 'params'> = ({
  inputs: { x, params },
  backend,
}) => {
  const y = output(backend, x.shape);
  const depth = lastAxis(x.shape);
  const rows = util.sizeFromShape(x.shape) / depth;
  shader.runFor(backend, rows, [y, x, params], [rows, depth]);
  return y;
};
