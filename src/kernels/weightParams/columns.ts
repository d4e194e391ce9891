/**
 * On WebGPU, weights that are few are scaled and rounded with a workgroup for each channel, which a recording can run one
 * after the other in one dispatch. Many would leave a large GPU idle, or be read once a channel where they share a scale.
 */
import { util } from '@tensorflow/tfjs-core';

export const columnThreads = 256;
const mostWeights = 2 ** 15;
/** Of one channel: fewer would leave most threads idle. */
const leastRows = 8;

/** @param channels of the parameters */
export function worksByColumn(shape: number[], channels: number): boolean {
  const size = util.sizeFromShape(shape);
  return channels > 1 && size <= mostWeights && size >= leastRows * channels;
}
