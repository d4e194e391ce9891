/** Recording on WebAssembly: launches by ../recording.ts, copies within the heap. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { Recording } from '../recording';
import { currentWasmBackend, emscripten } from '../wasm';
import type { Recorder, Saved } from './recorder';

const bytesOf = (tensor: Tensor): number => tensor.size * tf.util.bytesPerElement(tensor.dtype);

class HeapCopies implements Saved {
  private readonly arrays: Uint8Array[];

  constructor(
    private readonly recorder: WasmRecorder,
    private readonly tensors: readonly Tensor[],
  ) {
    this.arrays = tensors.map((tensor) => recorder.bytesAt(tensor));
  }

  restore(): void {
    this.tensors.forEach((tensor, i) => {
      this.recorder.heap.set(this.arrays[i]!, this.recorder.addressOf(tensor));
    });
  }

  firstDifference(other: HeapCopies): number {
    return this.arrays.findIndex((bytes, i) => !equal(bytes, other.arrays[i]!));
  }

  dispose(): void {}
}

class WasmRecorder implements Recorder {
  constructor(private readonly backend: BackendWasm) {}

  get heap(): Uint8Array {
    return emscripten(this.backend).HEAPU8;
  }
  addressOf(tensor: Tensor): number {
    return this.backend.getMemoryOffset(tensor.dataId);
  }
  bytesAt(tensor: Tensor): Uint8Array {
    const at = this.addressOf(tensor);
    return this.heap.slice(at, at + bytesOf(tensor));
  }

  start() {
    const recording = Recording.start()!;
    return {
      joins: 0,
      capture: <T>(compute: () => T) => recording.capture(compute),
      replay: (segment: number) => recording.replay(segment),
      addCopy: (from: Tensor, to: Tensor) =>
        recording.addCopy(this.addressOf(from), this.addressOf(to), bytesOf(to)),
      dispose: () => recording.dispose(),
      /** For bench/node/profile.ts alone. */
      recording,
    };
  }

  // tfjs's clone may copy.
  share<T extends Tensor>(tensor: T): T {
    this.backend.incRef(tensor.dataId);
    return tf.engine().makeTensorFromTensorInfo(tensor) as T;
  }

  copy(from: Tensor, to: Tensor, element = 0): void {
    const at = this.addressOf(from);
    const offset = element * tf.util.bytesPerElement(to.dtype);
    this.heap.copyWithin(this.addressOf(to) + offset, at, at + bytesOf(from));
  }

  save(tensors: readonly Tensor[]): Saved {
    return new HeapCopies(this, tensors);
  }

  watch(): void {}
}

/** @param a, b copies of whole words */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  const [x, y] = [new Int32Array(a.buffer), new Int32Array(b.buffer)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return x.length === y.length;
}

/** @returns undefined unless our kernels run on the current backend */
export function wasmRecorder(): Recorder | undefined {
  const backend = currentWasmBackend();
  return backend && new WasmRecorder(backend);
}
