/** Starts tfjs's backends, with the project's kernels, for tests in a browser. */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { registerKernels } from '../register';
import { startWasmKernels } from '../wasm';

export * from './arrays';

export const backends = ['cpu', 'wasm', 'webgpu'] as const;
export type BackendName = (typeof backends)[number];

setWasmPaths({
  'tfjs-backend-wasm.wasm': simdUrl,
  'tfjs-backend-wasm-simd.wasm': simdUrl,
  'tfjs-backend-wasm-threaded-simd.wasm': simdUrl,
});

/** Makes `name` the current backend and registers the kernels. Call it in beforeAll. */
export async function startBackend(name: BackendName): Promise<void> {
  if (name === 'wasm') tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend(name))) throw new Error(`The ${name} backend does not start here.`);
  await tf.ready();
  registerKernels();
  if (name === 'wasm') await startWasmKernels();
}
