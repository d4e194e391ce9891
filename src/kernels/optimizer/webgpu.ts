/** The optimizers in WGSL: shaders that read and write the variables' own buffers. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { Shader } from '../webgpu';

const tick = new Shader({
  name: 'adamTick',
  tensors: [{ name: 'hyper', use: 'inout' }],
  uniforms: [],
  code: `
fn main(group: u32, lane: u32) {
  if (lane > 0u) { return; }
  hyper[4] = hyper[4] * hyper[1];
  hyper[5] = hyper[5] * hyper[2];
}`,
});

const adam = new Shader({
  name: 'adamStep',
  tensors: [
    { name: 'w', use: 'inout', reach: 'thread' },
    { name: 'm', use: 'inout' },
    { name: 'v', use: 'inout' },
    { name: 'g', use: 'in' },
    { name: 'hyper', use: 'in' },
  ],
  uniforms: [],
  code: `
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.wLength)) { return; }
  let mean = hyper[1] * m[i] + (1.0 - hyper[1]) * g[i];
  let square = hyper[2] * v[i] + (1.0 - hyper[2]) * (g[i] * g[i]);
  m[i] = mean;
  v[i] = square;
  w[i] = w[i] - hyper[0] * (mean / (1.0 - hyper[4])) / (sqrt(square / (1.0 - hyper[5])) + hyper[3]);
}`,
});

const sgd = new Shader({
  name: 'sgdStep',
  tensors: [
    { name: 'w', use: 'inout', reach: 'thread' },
    { name: 'velocity', use: 'inout' },
    { name: 'g', use: 'in' },
    { name: 'hyper', use: 'in' },
  ],
  uniforms: [],
  code: `
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.wLength)) { return; }
  let moved = hyper[1] * velocity[i] + g[i];
  velocity[i] = moved;
  w[i] = w[i] - hyper[0] * moved;
}`,
});

export const adamTickWebgpu: Implementation<'hyper'> = ({ inputs, backend }) => {
  tick.run(backend, [inputs.hyper], [], 1);
  return [];
};

export const adamStepWebgpu: Implementation<'w' | 'g' | 'm' | 'v' | 'hyper'> = ({
  inputs: { w, g, m, v, hyper },
  backend,
}) => {
  adam.runFor(backend, util.sizeFromShape(w.shape), [w, m, v, g, hyper]);
  return [];
};

export const sgdStepWebgpu: Implementation<'w' | 'g' | 'velocity' | 'hyper'> = ({
  inputs: { w, g, velocity, hyper },
  backend,
}) => {
  sgd.runFor(backend, util.sizeFromShape(w.shape), [w, velocity, g, hyper]);
  return [];
};
