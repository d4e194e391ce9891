/** Starts tfjs's cpu and wasm backends, with the project's kernels, for tests in Node. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { registerKernels } from '../register';
import { startWasmKernels } from '../wasm';

export * from './arrays';

const wasmEntry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(dirname(wasmEntry) + sep);

/** Makes `name` the current backend and registers the kernels. Call it in beforeAll. */
export async function startBackend(name: 'cpu' | 'wasm'): Promise<void> {
  if (name === 'wasm') tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend(name))) throw new Error(`The ${name} backend does not start here.`);
  await tf.ready();
  registerKernels();
  if (name === 'wasm') await startWasmKernels();
}
