/** Access to the values of tfjs's cpu backend, for kernels in plain JavaScript. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';

/** The values of a float32 tensor. They may be the caller's own array: never write into them. */
export function floats(backend: object, info: TensorInfo): Float32Array {
  return (backend as MathBackendCPU).data.get(info.dataId).values as Float32Array;
}

/** The values of an int32 tensor; not to be written into. */
export function integers(backend: object, info: TensorInfo): Int32Array {
  return (backend as MathBackendCPU).data.get(info.dataId).values as Int32Array;
}

/** A new float32 tensor with these values. */
export function result(backend: object, shape: readonly number[], values: Float32Array): TensorInfo {
  return (backend as MathBackendCPU).makeTensorInfo([...shape], 'float32', values);
}

/**
 * Gives a tensor new values, as an in-place kernel does. The old array is replaced and not written into, because tfjs
 * hands out that very array when a tensor is read, and keeps the caller's when one is made.
 */
export function replace(backend: object, info: TensorInfo, values: Float32Array): void {
  (backend as MathBackendCPU).data.get(info.dataId).values = values;
}
