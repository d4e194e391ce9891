/** Where a worker of a browser finds tfjs's WebAssembly, and how it starts threads. */

import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import fusedUrl from '../../build/assembly/kernels-fused.wasm?url';
import sharedUrl from '../../build/assembly/tfjs-backend-wasm-simd-shared.wasm?url';
import type { WasmFiles } from './start';

/** tfjs wants a place for each of its builds; only the SIMD one without threads of its own is ever loaded. */
const everywhere = (url: string): Record<string, string> =>
  Object.fromEntries(
    ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'].map(
      (name) => [name, url],
    ),
  );

let fused: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** The same bytes each time, so that kernels that have started with them are known again. */
async function fusedKernels(): Promise<Uint8Array<ArrayBuffer>> {
  fused ??= fetch(fusedUrl).then(async (response) => {
    if (!response.ok) throw new Error(`its file could not be loaded (${response.status}).`);
    return new Uint8Array(await response.arrayBuffer());
  });
  fused.catch(() => {
    fused = undefined;
  });
  return fused;
}

/** @param cores to use; 1 keeps everything on the calling worker's thread */
export const wasmFiles = (cores = navigator.hardwareConcurrency): WasmFiles => ({
  paths: everywhere(simdUrl),
  sharedPaths: everywhere(sharedUrl),
  fusedKernels,
  threads: {
    cores,
    start: () => new Worker(new URL('./threadWorker.ts', import.meta.url), { type: 'module' }),
  },
});
