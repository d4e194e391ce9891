/** Long sums of few results on WebGPU, cut into slices that are summed at the same time and then added in order. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { elementwise, output, release, Shader } from './webgpu';

/** Threads in all, about: enough for a large GPU, and few partial sums to add up. */
const threads = 16384;

/** Into how many slices to cut `rows` rows, when each slice takes `results` threads. */
export function slicesFor(rows: number, results: number): number {
  return Math.max(1, Math.min(rows, Math.ceil(threads / results)));
}

const shader = new Shader(
  elementwise(
    {
      name: 'AddSlices',
      tensors: [
        { name: 'total', use: 'out' },
        { name: 'parts', use: 'in' },
      ],
      uniforms: ['size', 'slices'],
    },
    `
fn element(i: u32) -> f32 {
  var sum = 0.0;
  for (var s = 0; s < uniforms.slices; s = s + 1) { sum = sum + parts[s * uniforms.size + i32(i)]; }
  return sum;
}`,
  ),
);

/** The sum of parts [slices, ...] over the slices, in ascending order, as a tensor of this shape. Releases the parts. */
export function addSlices(backend: object, parts: TensorInfo, shape: readonly number[]): TensorInfo {
  const total = output(backend, shape);
  const size = util.sizeFromShape([...shape]);
  shader.runFor(backend, size, [total, parts], [size, parts.shape[0]!]);
  release(backend, parts);
  return total;
}
