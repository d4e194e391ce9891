/** Puts kernels into tfjs's registry, in place of tfjs's own where there is one. */

import type { KernelFunc } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export type BackendName = 'cpu' | 'wasm' | 'webgpu';

/**
 * Registers a kernel of tfjs's name for one backend, replacing the stock one. The stock kernel stays set up, since ours
 * may hand it the cases that it does not cover.
 * @param make receives the stock kernel (one that throws a sentence if tfjs has none) and returns ours
 */
export function replaceKernel(
  kernelName: string,
  backendName: BackendName,
  make: (stock: KernelFunc) => KernelFunc,
): void {
  const stock = tf.getKernel(kernelName, backendName);
  if (stock) tf.unregisterKernel(kernelName, backendName);
  const missing: KernelFunc = () => {
    throw new Error(`${kernelName} with these options has no kernel on the ${backendName} backend.`);
  };
  const { setupFunc, disposeFunc } = stock ?? {};
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: make(stock?.kernelFunc ?? missing),
    ...(setupFunc && { setupFunc }),
    ...(disposeFunc && { disposeFunc }),
  });
}
