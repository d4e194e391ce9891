/**
 * Batch normalization in WGSL. Thread (part, c) handles rows part, part + parts, ... of column c, so that neighbours read
 * neighbouring elements; then one workgroup per column puts the parts together, in a fixed order.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { type Implementation, lastAxis } from '../definition';
import { output, release } from '../webgpu';
import {
  gradientParts,
  gradientTotals,
  inputGradient,
  momentParts,
  momentTotals,
  normalize,
  scale,
  update,
} from './shaders';

/** Rows of one column that a thread normalizes, so that it takes the root once. */
const rowsPerThread = 8;

function rowsAndChannels({ shape }: TensorInfo): [number, number] {
  const channels = lastAxis(shape);
  return [util.sizeFromShape(shape) / channels, channels];
}

const partsOf = (rows: number) => Math.ceil(Math.sqrt(rows));

/** A multiple of the channels, so that a thread meets only one. */
const threadsFor = (rows: number, channels: number) => channels * Math.ceil(rows / rowsPerThread);

export const batchMoments: Implementation<'x'> = ({ inputs: { x }, backend }) => {
  const [rows, channels] = rowsAndChannels(x);
  const parts = partsOf(rows);
  const partials = output(backend, [parts, 2, channels]);
  momentParts.runFor(backend, parts * channels, [partials, x], [channels, parts]);
  const moments = output(backend, [2, channels]);
  momentTotals.run(backend, [moments, partials, x], [channels, parts, rows], channels);
  release(backend, partials);
  return moments;
};

export const batchNorm: Implementation<'x' | 'gamma' | 'beta' | 'statistics'> = ({
  inputs: { x, gamma, beta, statistics },
  backend,
}) => {
  const y = output(backend, x.shape);
  const threads = threadsFor(...rowsAndChannels(x));
  normalize.runFor(backend, threads, [y, x, gamma, beta, statistics], [threads]);
  return y;
};

export const batchNormGradient: Implementation<'dy' | 'x' | 'gamma' | 'statistics'> = ({
  inputs: { dy, x, gamma, statistics },
  backend,
}) => {
  const [rows, channels] = rowsAndChannels(x);
  const parts = partsOf(rows);
  const partials = output(backend, [parts, 2, channels]);
  gradientParts.runFor(backend, parts * channels, [partials, dy, x, statistics], [channels, parts]);
  const dbeta = output(backend, [channels]);
  const dgamma = output(backend, [channels]);
  gradientTotals.run(backend, [dbeta, dgamma, partials], [channels, parts], channels);
  release(backend, partials);
  const dx = output(backend, x.shape);
  const threads = threadsFor(rows, channels);
  const tensors = [dx, dy, x, gamma, statistics, dgamma, dbeta];
  inputGradient.runFor(backend, threads, tensors, [threads, rows]);
  return [dx, dgamma, dbeta];
};

export const updateRunning: Implementation<'running' | 'moments' | 'momentum' | 'x'> = ({
  inputs: { running, moments, momentum, x },
  backend,
}) => {
  const [rows, channels] = rowsAndChannels(x);
  update.runFor(backend, 2 * channels, [running, moments, momentum], [rows]);
  return [];
};

export const channelScale: Implementation<'gamma' | 'statistics'> = ({
  inputs: { gamma, statistics },
  backend,
}) => {
  const scales = output(backend, gamma.shape);
  scale.runFor(backend, gamma.shape[0]!, [scales, gamma, statistics]);
  return scales;
};
