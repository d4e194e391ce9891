/**
 * The project's WebAssembly kernels: a second module on the memory of the tfjs wasm backend, so that tensors are handed
 * over as byte addresses and nothing is copied.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import binaryUrl from '../../build/assembly/kernels.wasm?url&inline';
import { decodeInlined } from './inlined';
import { importingShared } from './sharedMemory';
import { type StartHelper, Team, threadsFor } from './threads';

/** An exported function of the module. It takes int32 alone, so that launches can be linked (./linkedLaunches.ts). */
export type LaunchFunction = (...values: number[]) => void;
/** Hears every launch before it runs. */
export type LaunchListener = (kernel: LaunchFunction, values: number[]) => void;

/** What tfjs's Emscripten module has and its types leave out. */
export interface Emscripten {
  readonly asm?: { readonly memory?: unknown };
  readonly wasmMemory?: unknown;
  /** On shared memory too: a view that is handed on must be copied first. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

interface Started {
  readonly backend: BackendWasm;
  /** The module that `startWasmKernels` was given in the place of the usual one. */
  readonly other: Uint8Array<ArrayBuffer> | undefined;
  readonly kernels: ReadonlyMap<string, LaunchFunction>;
  /** The heap's own, which a recording replaces in the module. */
  readonly malloc: (bytes: number) => number;
  /** Threads of recorded steps, where memory is shared. */
  team: Team | undefined;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
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

/** Helper threads for recorded steps. */
export interface Threads {
  start: StartHelper;
  /** As navigator.hardwareConcurrency says. */
  cores: number;
}

/**
 * Instantiates the kernels on the memory of the current backend, which must be tfjs's 'wasm' without threads of its own.
 * Calling it again for the same backend does nothing.
 * @param threads are used if the memory is shared
 * @param other a module of the same kernels, in the place of the usual one
 * @throws if another backend is current
 */
export async function startWasmKernels(threads?: Threads, other?: Uint8Array<ArrayBuffer>): Promise<void> {
  if (tf.getBackend() !== 'wasm')
    throw new Error(`The WebAssembly kernels need the wasm backend, but ${tf.getBackend()} is current.`);
  const backend = tf.backend() as BackendWasm;
  if (started?.backend === backend && started.other === other) return;
  const memory = emscripten(backend).asm?.memory ?? emscripten(backend).wasmMemory;
  if (!(memory instanceof WebAssembly.Memory))
    throw new Error('The WebAssembly kernels found no memory in the tfjs wasm backend; is it tfjs 4.22?');
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const binary = other ?? decodeInlined(binaryUrl);
  const module = await WebAssembly.compile(shared ? importingShared(binary) : binary);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = new Map(Object.entries(instance.exports as Record<string, LaunchFunction>));
  // The first call of an Emscripten function replaces it in the module: afterwards it stays.
  emscripten(backend)._free(emscripten(backend)._malloc(alignment));
  const malloc = emscripten(backend)._malloc;
  started?.team?.dispose();
  const block = started?.backend === backend ? started.block : { address: 0, bytes: 0 };
  started = { backend, other, kernels, malloc, team: undefined, module, memory, block };
  setThreads(threads);
}

/** Recordings that begin from now on run on so many threads; one where memory is not shared. Ends the helpers there were. */
export function setThreads(threads?: Threads): void {
  const state = current();
  state.team?.dispose();
  const shared = !(state.memory.buffer instanceof ArrayBuffer);
  const count = shared && threads ? threadsFor(threads.cores) : 1;
  state.team = undefined;
  if (!threads || count === 1) return;
  try {
    state.team = new Team(count, threads.start, state.module, state.memory);
  } catch {
    // A browser that has no workers within workers trains on one thread.
  }
}

/** The threads of recorded steps; undefined where there is but one. */
export function currentTeam(): Team | undefined {
  return started?.team;
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
