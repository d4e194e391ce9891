/** Parameters of float formats in WGSL. */
import { type Implementation, lastAxis } from '../definition';
import { output, Shader } from '../webgpu';
import { storeScale } from '../wgsl';

const clearQuantized = new Shader({
  name: 'clearQuantized',
  tensors: [{ name: 'params', use: 'inout' }],
  uniforms: ['channels'],
  code: `
fn main(group: u32, lane: u32) {
  let c = group * 64u + lane;
  let channels = u32(uniforms.channels);
  if (c < channels) { params[3u * channels + c] = 0.0; }
}`,
});

const unitParams = new Shader({
  name: 'unitParams',
  tensors: [{ name: 'params', use: 'out' }],
  uniforms: ['channels'],
  code: `
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  let channels = u32(uniforms.channels);
  if (i < 4u * channels) { params[i] = select(0.0, 1.0, i < 2u * channels); }
}`,
});

const activation = new Shader({
  name: 'floatActivationParams',
  tensors: [
    { name: 'params', use: 'out' },
    { name: 'state', use: 'in' },
    { name: 'settings', use: 'in' },
  ],
  uniforms: [],
  workgroupSize: 1,
  code: `
${storeScale}
fn main(group: u32, lane: u32) {
  params[2] = 0.0;
  params[3] = 0.0;
  if (settings[2] == 0.0) {
    params[0] = 1.0;
    params[1] = 1.0;
    return;
  }
  let greatest = select(max(abs(state[0]), abs(state[1])), 1.0, state[2] == 0.0);
  let finite = isFinite(state[0]) && isFinite(state[1]);
  storeScale(0u, 1u, select(uniforms.nan, divide(greatest, settings[1]), finite));
}`,
});

export const clearQuantizedWebgpu: Implementation<'params'> = ({ inputs: { params }, backend }) => {
  const channels = params.shape[1]!;
  clearQuantized.runFor(backend, channels, [params], [channels]);
  return [];
};

export const unitParamsWebgpu: Implementation<'w'> = ({ inputs: { w }, backend }) => {
  const channels = lastAxis(w.shape);
  const params = output(backend, [4, channels]);
  unitParams.runFor(backend, 4 * channels, [params], [channels]);
  return params;
};

export const floatActivationParamsWebgpu: Implementation<'state' | 'settings'> = ({ inputs, backend }) => {
  const params = output(backend, [4, 1]);
  activation.run(backend, [params, inputs.state, inputs.settings], [], 1);
  return params;
};
