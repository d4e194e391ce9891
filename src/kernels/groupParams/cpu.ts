/** groupParams in JavaScript: weightParams' own methods on one slab after another. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { util } from '@tensorflow/tfjs-core';
import { floats, result } from '../cpu';
import { type Implementation, lastAxis } from '../definition';
import { absmaxCpu } from '../weightParams/cpu';
import { meanCpu, mseCpu, percentileCpu, pow2Cpu, twnCpu } from '../weightParams/methods/cpu';
import { slabsOf } from './slabs';

const methods = {
  absmax: absmaxCpu,
  mse: mseCpu,
  percentile: percentileCpu,
  pow2: pow2Cpu,
  mean: meanCpu,
  twn: twnCpu,
} satisfies Record<string, Implementation<'w' | 'settings'>>;
export type GroupMethod = keyof typeof methods;

export const groupParamsCpu =
  (method: GroupMethod, size: number): Implementation<'w' | 'settings'> =>
  ({ inputs: { w, settings }, backend }) => {
    const weights = floats(backend, w);
    const channels = lastAxis(w.shape);
    const count = util.sizeFromShape(w.shape);
    const params = new Float32Array(4 * count);
    for (const { start, rows } of slabsOf(w.shape, size)) {
      const slab = result(backend, [rows, channels], weights.subarray(start, start + rows * channels));
      const found = [methods[method]({ inputs: { w: slab, settings }, backend })].flat()[0]!;
      const values = floats(backend, found);
      for (let k = 0; k < 4; k++)
        for (let row = 0; row < rows; row++)
          params.set(values.subarray(k * channels, (k + 1) * channels), k * count + start + row * channels);
      for (const { dataId } of [slab, found]) (backend as MathBackendCPU).disposeData(dataId);
    }
    return result(backend, [4, count], params);
  };
