/**
 * What a step costs JavaScript on WebGPU: the ms that a worker spends on queueing it, from picking its batch to handing
 * its commands to the device, while the device is idle. The device's own time is not in it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { flush, type Gpu } from '@/kernels/recorders/gpu';
import { LossRing } from '@/session/lossRing';
import type { Trainer } from '@/session/trainer';

export type Twin = 'float' | 'qat';

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Queues steps of a twin as the session does, waits for them, and gives the ms that queueing one took. */
async function queueSteps(trainer: Trainer, twin: Twin, count: number): Promise<number> {
  const ring = new LossRing(count);
  try {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const batch = trainer.batchAt(trainer.step + i);
      const loss = trainer.train(twin, batch);
      ring.put(loss, i);
      tf.dispose([loss, batch.x, batch.y]);
    }
    flush(tf.backend() as unknown as Gpu);
    const ms = (performance.now() - start) / count;
    await ring.read();
    trainer.advance(count);
    return ms;
  } finally {
    ring.dispose();
  }
}

/** The dispatches of one step by the names of their shaders, the gathering of its batch among them. */
export async function launchesOf(trainer: Trainer, twin: Twin): Promise<string[]> {
  const { prototype } = GPUComputePassEncoder;
  const { dispatchWorkgroups, setPipeline } = prototype;
  const launches: string[] = [];
  let name = '';
  prototype.setPipeline = function (pipeline) {
    name = pipeline.label;
    return setPipeline.call(this, pipeline);
  };
  prototype.dispatchWorkgroups = function (...sizes) {
    launches.push(name);
    return dispatchWorkgroups.apply(this, sizes);
  };
  try {
    await queueSteps(trainer, twin, 1);
  } finally {
    Object.assign(prototype, { dispatchWorkgroups, setPipeline });
  }
  return launches;
}

/** Steps queued between two waits, waits at most, and ms: a software adapter takes seconds for a turn. */
const burst = 8;
const bursts = 60;
const longest = 60_000;

/**
 * Medians of the host time of recorded and of eager steps, in turns.
 * @param recorded a trainer whose step is recorded already @param eager one that does not record
 */
export async function hostTimes(
  recorded: Trainer,
  eager: Trainer,
  twin: Twin,
): Promise<{ recorded: number; eager: number }> {
  const times = { recorded: [] as number[], eager: [] as number[] };
  // The first steps make what is made once.
  for (let i = 0; i < 3; i++) await queueSteps(eager, twin, 1);
  for (let i = 0; i < 3; i++) await queueSteps(recorded, twin, burst);
  const end = performance.now() + longest;
  for (let i = 0; i < bursts && performance.now() < end; i++) {
    times.recorded.push(await queueSteps(recorded, twin, burst));
    times.eager.push(await queueSteps(eager, twin, 1));
  }
  return { recorded: median(times.recorded), eager: median(times.eager) };
}
