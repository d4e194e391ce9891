/** groupParams in WGSL: one workgroup finds the scale of one group, by weightParams' methods, and spreads it. */
import { util } from '@tensorflow/tfjs-core';
import { inputAxis } from '@/catalog/formats';
import { type Implementation, lastAxis } from '../definition';
import { output, Shader } from '../webgpu';
import {
  absmax,
  findScale,
  groupSize as lanes,
  type Method,
  mean,
  mse,
  percentile,
  pow2,
  shared,
  twn,
} from '../weightParams/methods/find';
import type { GroupMethod } from './cpu';

const methods: Record<GroupMethod, Method> = { absmax, mse, percentile, pow2, mean, twn };

const shaderOf = (method: Method, size: number) =>
  new Shader({
    name: `${method.name}_groups${size}`,
    tensors: [
      { name: 'params', use: 'out' },
      { name: 'w', use: 'in' },
      { name: 'settings', use: 'in' },
    ],
    uniforms: ['channels', 'axis'],
    workgroupSize: lanes,
    code: `
${shared}
${method.find}
fn main(index: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  let axis = u32(uniforms.axis);
  let count = u32(uniforms.wLength);
  let ofAxis = (axis + ${size - 1}u) / ${size}u;
  let slab = index / channels;
  let row = (slab % ofAxis) * ${size}u;
  var group: Group;
  group.count = min(${size}u, axis - row);
  group.stride = channels;
  group.first = ((slab / ofAxis) * axis + row) * channels + index % channels;
  /* Beyond the last group: every lane goes on, with nothing to do. */
  group.end = min(group.first + group.count * channels, count);
  ${findScale(method)}
  for (var i = group.first + lane * channels; i < group.end; i = i + ${lanes}u * channels) {
    params[i] = select(scale, 1.0, mode == 0.0);
    params[count + i] = select(factor, 1.0, mode == 0.0);
    params[2u * count + i] = 0.0;
    params[3u * count + i] = select(1.0, 0.0, mode == 0.0);
  }
}`,
  });

export const groupParamsWebgpu = (name: GroupMethod, size: number): Implementation<'w' | 'settings'> => {
  const shader = shaderOf(methods[name], size);
  return ({ inputs: { w, settings }, backend }) => {
    const channels = lastAxis(w.shape);
    const { outer, length } = inputAxis(w.shape);
    const params = output(backend, [4, util.sizeFromShape(w.shape)]);
    const groups = outer * Math.ceil(length / size) * channels;
    shader.run(backend, [params, w, settings], [channels, length], groups);
    return params;
  };
};
