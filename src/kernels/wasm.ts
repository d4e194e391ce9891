/**
 * The project's WebAssembly kernels: a second module on the memory of the tfjs wasm backend, so that tensors are handed
 * over as byte addresses and nothing is copied.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import binaryUrl from '../../build/assembly/kernels.wasm?url&inline';
import { decodeInlined } from './inlined';

/** An exported function of the module. It takes int32 alone, so that launches can be linked (./linkedLaunches.ts). */
export type LaunchFunction = (...values: number[]) => void;
/** Hears every launch before it runs. */
export type LaunchListener = (kernel: LaunchFunction, values: number[]) => void;

/** What tfjs's Emscripten module has and its types leave out. */
export interface Emscripten {
  readonly asm?: { readonly memory?: unknown };
  readonly wasmMemory?: unknown;
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

interface Started {
  readonly backend: BackendWasm;
  readonly kernels: ReadonlyMap<string, LaunchFunction>;
  /** The heap's own, which a recording replaces in the module. */
  readonly malloc: (bytes: number) => number;
  /** The scratch block: its aligned address and size in bytes. */
  block: { readonly address: number; readonly bytes: number };
}

const alignment = 16;
let started: Started | undefined;
let listener: LaunchListener | undefined;

/** The tfjs module behind the backend: its heap and allocator. */
export function emscripten(backend: BackendWasm): Emscripten {
  return backend.wasm as unknown as Emscripten;
}

/**
 * Instantiates the kernels on the memory of the current backend, which must be tfjs's unshared 'wasm'. Calling it again
 * for the same backend does nothing.
 * @throws if another backend is current, or its memory is shared (the multi-threaded build of tfjs)
 */
export async function startWasmKernels(): Promise<void> {
  if (tf.getBackend() !== 'wasm')
    throw new Error(`The WebAssembly kernels need the wasm backend, but ${tf.getBackend()} is current.`);
  const backend = tf.backend() as BackendWasm;
  if (started?.backend === backend) return;
  const memory = emscripten(backend).asm?.memory ?? emscripten(backend).wasmMemory;
  if (!(memory instanceof WebAssembly.Memory))
    throw new Error('The WebAssembly kernels found no memory in the tfjs wasm backend; is it tfjs 4.22?');
  if (!(memory.buffer instanceof ArrayBuffer))
    throw new Error(
      'The WebAssembly kernels need tfjs without threads: set WASM_HAS_MULTITHREAD_SUPPORT to false first.',
    );
  const { instance } = await WebAssembly.instantiate(decodeInlined(binaryUrl), { env: { memory } });
  const kernels = new Map(Object.entries(instance.exports as Record<string, LaunchFunction>));
  // The first call of an Emscripten function replaces it in the module: afterwards it stays.
  emscripten(backend)._free(emscripten(backend)._malloc(alignment));
  const malloc = emscripten(backend)._malloc;
  started = { backend, kernels, malloc, block: { address: 0, bytes: 0 } };
}

function current(): Started {
  if (!started) throw new Error('The WebAssembly kernels are not started: await startWasmKernels() first.');
  return started;
}

/**
 * Runs one exported function of the module. Every call goes through here, so that a step is a list of
 * (name, arguments), all of them numbers.
 * @throws if the module has no such function
 */
export function launch(name: string, ...values: number[]): void {
  const kernel = current().kernels.get(name);
  if (!kernel) throw new Error(`The WebAssembly module has no kernel named ${name}.`);
  listener?.(kernel, values);
  kernel(...values);
}

/** Every kernel, by name. */
export function currentKernels(): ReadonlyMap<string, LaunchFunction> {
  return current().kernels;
}

/** The name of an exported function, or undefined if it is none of ours. */
export function launchName(kernel: LaunchFunction): string | undefined {
  for (const [name, each] of current().kernels) if (each === kernel) return name;
  return undefined;
}

/** The backend that the kernels run on, if it is the current one. */
export function currentWasmBackend(): BackendWasm | undefined {
  return started && tf.getBackend() === 'wasm' && tf.backend() === started.backend
    ? started.backend
    : undefined;
}

/** Lets one listener hear every launch, until it is called without one. */
export function listenToLaunches(next?: LaunchListener): void {
  listener = next;
}

/** Where a tensor's values begin, in bytes. Memory may grow at any allocation, which moves nothing but ends views. */
export function address(info: TensorInfo): number {
  return current().backend.dataIdMap.get(info.dataId).memoryOffset;
}

/** A new tensor on the wasm heap, its values not yet written. */
export function output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
  return current().backend.makeOutput([...shape], dtype);
}

/**
 * A block of at least `bytes` bytes that a kernel may use until it returns; the next kernel gets the same one. It grows
 * by doubling, and an outgrown block stays allocated, because recorded arguments may point into it.
 * @returns its address, a multiple of 16
 */
export function scratch(bytes: number): number {
  const state = current();
  if (bytes > state.block.bytes) {
    const size = Math.max(bytes, 2 * state.block.bytes, 1 << 16);
    const start = state.malloc(size + alignment - 1) >>> 0;
    if (start === 0) throw new Error(`WebAssembly has no memory left for ${size} bytes of scratch space.`);
    state.block = { address: Math.ceil(start / alignment) * alignment, bytes: size };
  }
  return state.block.address;
}
