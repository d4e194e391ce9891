/** scaleValues in WGSL. */
import { util } from '@tensorflow/tfjs-core';
import type { Implementation } from '../definition';
import { elementwise, output, Shader } from '../webgpu';

const shader = new Shader(
  elementwise(
    {
      name: 'scaleValues',
      tensors: [
        { name: 'y', use: 'out' },
        { name: 'x', use: 'in', once: true },
        { name: 'params', use: 'in' },
      ],
      uniforms: ['channels'],
    },
    `
fn element(i: u32) -> f32 {
  return x[i] * params[i % u32(uniforms.channels)];
}`,
  ),
);

export const scaleValuesWebgpu: Implementation<'x' | 'params'> = ({ inputs: { x, params }, backend }) => {
  const y = output(backend, x.shape);
  shader.runFor(backend, util.sizeFromShape(x.shape), [y, x, params], [params.shape[1]!]);
  return y;
};
