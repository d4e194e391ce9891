/** The recorder of the current backend. */
import type { Recorder } from './recorder';
import { wasmRecorder } from './wasm';
import { webgpuRecorder } from './webgpu';

export * from './recorder';

/** @returns undefined where steps cannot be recorded */
export const currentRecorder = (): Recorder | undefined => webgpuRecorder() ?? wasmRecorder();
