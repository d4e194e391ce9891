/**
 * tfjs's Identity on WebAssembly copies. tfjs clones every tensor that a gradient may need, so that a training step copied
 * its weights and activations; ours shares the data, as tfjs does on its other backends.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { Identity, type TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from './registry';

export function registerIdentity(): void {
  replaceKernel(Identity, 'wasm', () => ({ inputs, backend }) => {
    const { dataId, shape, dtype } = inputs.x as TensorInfo;
    (backend as BackendWasm).incRef(dataId);
    return { dataId, shape, dtype };
  });
}
