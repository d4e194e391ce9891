/** Memory over a long run and over many recordings of the same step: all of it must stay as it is. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { Edit } from '@/experiment/schema';
import { emscripten } from '@/kernels/wasm';
import type { Stepper } from '@/session/stepper';
import type { Trainer } from '@/session/trainer';

export interface Reading {
  steps: number;
  recordings: number;
  tensors: number;
  tensorBytes: number;
  /** The heap of WebAssembly, or all buffers on the GPU, in use or free for the next that asks. */
  backendBytes: number;
  /** Where in the heap a new MiB would lie: above all that was ever in use at once. */
  heapTop?: number;
  /** Buffers on the GPU, in use and free. */
  buffers?: number;
}

interface GpuMemory {
  memory(): { numBytesAllocatedInGPU: number };
  bufferManager: { getNumUsedBuffers(): number; getNumFreeBuffers(): number };
}

function read(steps: number, recordings: number): Reading {
  const { numTensors, numBytes } = tf.memory();
  const reading = { steps, recordings, tensors: numTensors, tensorBytes: numBytes };
  if (tf.getBackend() === 'wasm') {
    const heap = emscripten(tf.backend() as BackendWasm);
    const heapTop = heap._malloc(2 ** 20);
    heap._free(heapTop);
    return { ...reading, backendBytes: heap.HEAPU8.byteLength, heapTop };
  }
  const gpu = tf.backend() as unknown as GpuMemory;
  return {
    ...reading,
    backendBytes: gpu.memory().numBytesAllocatedInGPU,
    buffers: gpu.bufferManager.getNumUsedBuffers() + gpu.bufferManager.getNumFreeBuffers(),
  };
}

/** Whether the input rounds to the nearest level, or by chance: other kernels, so that the step is recorded anew. */
const rounding = (value: 'even' | 'stochastic'): Edit => ({
  kind: 'quantizer',
  layer: 'input',
  site: 'activations',
  setting: 'rounding',
  value,
});

/** Steps that a recording takes: to be made, and to be compared. */
const stepsToRecord = 3;

/** Takes steps, then makes recordings; reads memory at ten places of each. @returns the readings, and how the steps were taken at last */
export async function watchMemory(
  trainer: Trainer,
  stepper: Stepper,
  steps: number,
  recordings: number,
): Promise<{ readings: Reading[]; mode: string }> {
  const readings: Reading[] = [];
  // What is made once: recordings of both kinds, and the queue at its longest.
  for (let i = 0; i < 6; i++) await recordAnew(trainer, stepper, i);
  await stepTo(trainer, stepper, trainer.step + steps / 10);
  const first = trainer.step;
  for (let i = 0; i <= 10; i++) {
    await stepTo(trainer, stepper, first + (i * steps) / 10);
    readings.push(read(trainer.step - first, 0));
  }
  for (let i = 1; i <= recordings; i++) {
    await recordAnew(trainer, stepper, i);
    if (i % (recordings / 10) === 0) readings.push(read(trainer.step - first, i));
  }
  return { readings, mode: trainer.stepMode('qat').mode };
}

async function stepTo(trainer: Trainer, stepper: Stepper, step: number): Promise<void> {
  while (trainer.step < step) await stepper.burst(30, step);
}

async function recordAnew(trainer: Trainer, stepper: Stepper, i: number): Promise<void> {
  await trainer.edit(rounding(i % 2 === 0 ? 'stochastic' : 'even'));
  const end = trainer.step + stepsToRecord;
  while (trainer.step < end) await stepper.burst(0, end);
  const { mode, reason } = trainer.stepMode('qat');
  if (mode !== 'recorded') throw new Error(`Recording ${i} did not succeed: ${reason ?? mode}`);
}
