/** integerSoftmax in WGSL, one thread per row, sums and shares in 32-bit integers. */
import { expWgsl } from '../attentionSoftmax/exp';
import { softmaxWebgpu } from '../attentionSoftmax/webgpu';
import { Shader } from '../webgpu';
import { exponentialBits, shareBits } from './constants';

const shader = (causal: boolean) =>
  new Shader({
    name: causal ? 'integerSoftmax_causal' : 'integerSoftmax',
    tensors: [
      { name: 'p', use: 'out' },
      { name: 'scores', use: 'in' },
      { name: 'scale', use: 'in' },
    ],
    uniforms: ['rows', 'queries', 'keys'],
    code: `
${expWgsl}
fn main(group: u32, lane: u32) {
  let row = group * 64u + lane;
  if (row >= u32(uniforms.rows)) { return; }
  let keys = u32(uniforms.keys);
  let seen = ${causal ? 'row % u32(uniforms.queries) + 1u' : 'keys'};
  let first = row * keys;
  var largest = scores[first];
  var valid = !isNan(scale[0]);
  for (var k = 0u; k < seen; k = k + 1u) {
    valid = valid && !isNan(scores[first + k]);
    largest = max(largest, scores[first + k]);
  }
  var total = 0u;
  for (var k = 0u; k < seen; k = k + 1u) {
    let e = round(expFloat32(exact((scores[first + k] - largest) * scale[0])) * ${2 ** exponentialBits}.0);
    p[first + k] = e;
    total = total + u32(e);
  }
  for (var k = 0u; k < seen; k = k + 1u) {
    let share = ((u32(p[first + k]) << ${shareBits}u) + (total >> 1u)) / max(total, 1u);
    p[first + k] = select(uniforms.nan, f32(share), valid);
  }
  for (var k = seen; k < keys; k = k + 1u) { p[first + k] = 0.0; }
}`,
  });

export const integerSoftmaxWebgpu = softmaxWebgpu(shader);
