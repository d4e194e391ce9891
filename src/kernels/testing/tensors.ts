/** Tensors in and out of kernels under test. */
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { BackendName } from './backends';
import { startBackend } from './backends';

/** The values of a tensor, with -0 read as 0. */
export async function read(tensor: tf.Tensor): Promise<number[]> {
  return Array.from(await tensor.data(), (value) => value + 0);
}

/** The settings of a site. */
export function settings(qmin: number, qmax: number, mode = 1, granularity = 0): tf.Tensor1D {
  return tf.tensor1d([qmin, qmax, mode, granularity]);
}

/** Parameters [4, C] of these scales and zero points, their inverses correctly rounded. */
export function params(
  scales: readonly number[],
  zeroPoints: readonly number[] = scales.map(() => 0),
  quantized = 1,
): tf.Tensor2D {
  const inverses = scales.map((scale) => Math.fround(1 / Math.fround(scale)));
  return tf.tensor2d(
    [...scales, ...inverses, ...zeroPoints, ...scales.map(() => quantized)],
    [4, scales.length],
  );
}

/** Runs `compute` on each of the backends in turn. */
export async function onEach<Result>(
  names: readonly BackendName[],
  compute: () => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of names) {
    await startBackend(name);
    results.push(await compute());
  }
  return results;
}

/** Expects `compute` to leave no tensor behind, nor any memory of the backend that belongs to none. */
export function expectNoLeak(compute: () => void): void {
  const backend = tf.engine().backend;
  const runTidily = () => {
    tf.tidy(() => {
      compute();
    });
  };
  runTidily();
  const before = [tf.memory().numTensors, backend.numDataIds()];
  for (let i = 0; i < 3; i++) runTidily();
  expect([tf.memory().numTensors, backend.numDataIds()]).toEqual(before);
}

/** The nearest integer, ties to even, by the rounding of float64 addition; for |x| < 2^51. */
export function nearestEven(x: number): number {
  const shift = 1.5 * 2 ** 52;
  return x + shift - shift;
}
