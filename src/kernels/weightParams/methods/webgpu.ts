/** The methods beyond abs-max in WGSL. One workgroup finds the scale of one channel; per tensor the first does all the work. */
import { type Implementation, lastAxis } from '../../definition';
import { output, Shader } from '../../webgpu';
import { dorefa, findScale, groupSize, type Method, mean, mse, percentile, pow2, shared, twn } from './find';

const shaderOf = (method: Method) =>
  new Shader({
    name: method.name,
    tensors: [
      { name: 'params', use: 'out' },
      { name: 'w', use: 'in' },
      { name: 'settings', use: 'in' },
    ],
    uniforms: ['channels'],
    workgroupSize: groupSize,
    code: `
${shared}
${method.find}
fn main(index: u32, lane: u32) {
  let channels = u32(uniforms.channels);
  let perChannel = settings[3] == 1.0;
  let works = index < channels && (perChannel || index == 0u);
  var group: Group;
  group.first = select(0u, index, perChannel);
  group.stride = select(1u, channels, perChannel);
  group.end = select(0u, u32(uniforms.wLength), works);
  group.count = u32(uniforms.wLength) / group.stride;
  ${findScale(method)}
  if (lane > 0u || !works) { return; }
  let last = select(channels, index + 1u, perChannel);
  for (var c = group.first; c < last; c = c + 1u) {
    params[c] = select(scale, 1.0, mode == 0.0);
    params[channels + c] = select(factor, 1.0, mode == 0.0);
    params[2u * channels + c] = 0.0;
    params[3u * channels + c] = select(1.0, 0.0, mode == 0.0);
  }
}`,
  });

const implementationOf = (method: Method): Implementation<'w' | 'settings'> => {
  const shader = shaderOf(method);
  return ({ inputs: { w, settings }, backend }) => {
    const channels = lastAxis(w.shape);
    const params = output(backend, [4, channels]);
    shader.run(backend, [params, w, settings], [channels], channels);
    return params;
  };
};

export const mseWebgpu = implementationOf(mse);
export const percentileWebgpu = implementationOf(percentile);
export const pow2Webgpu = implementationOf(pow2);
export const meanWebgpu = implementationOf(mean);
export const twnWebgpu = implementationOf(twn);
export const dorefaWebgpu = implementationOf(dorefa);
