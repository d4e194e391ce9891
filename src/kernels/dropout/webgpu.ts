/** Dropout in WGSL. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { randomWgsl } from '../random';
import { output, Shader } from '../webgpu';

const shader = new Shader({
  name: 'dropout',
  tensors: [
    { name: 'y', use: 'out' },
    { name: 'x', use: 'in' },
    { name: 'rate', use: 'in' },
    { name: 'seed', use: 'in' },
    { name: 'clock', use: 'in' },
  ],
  uniforms: [],
  code: `${randomWgsl}
fn main(group: u32, lane: u32) {
  let i = group * 64u + lane;
  if (i >= u32(uniforms.xLength)) { return; }
  let value = x[i];
  if (clock[0] < 0.0 || isNan(value)) {
    y[i] = value;
    return;
  }
  if (chanceOf(streamOf(seed[0], clock[0]), i) < rate[0]) {
    y[i] = 0.0;
    return;
  }
  y[i] = value * divide(1.0, exact(1.0 - rate[0]));
}`,
});

export const dropoutWebgpu: Implementation<'x' | 'rate' | 'seed' | 'clock'> = ({
  inputs: { x, rate, seed, clock },
  backend,
}) => {
  const y = output(backend, x.shape);
  shader.runFor(backend, util.sizeFromShape(x.shape), [y, x, rate, seed, clock]);
  return y;
};
