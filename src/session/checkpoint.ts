/** What a checkpoint must be to be trained on. Pure: the worker asks before it keeps one, the page before it takes one up. */
import type { Checkpoint } from './protocol';

/** How weights oscillate is recorded with NaN for "not yet" (src/kernels/oscillation/constants.ts). */
const marksWithNaN = (name: string) => name.endsWith('/oscillation');

/** Whether every value is finite, or NaN where that means something: else the weights have gone bad. */
export const isSound = (tensors: Checkpoint['tensors']): boolean =>
  Object.entries(tensors).every(([name, values]) =>
    values.every(
      marksWithNaN(name) ? (value) => Math.abs(value) !== Number.POSITIVE_INFINITY : Number.isFinite,
    ),
  );
