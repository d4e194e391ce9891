/** Observers of activations that follow a clipped range, where ../observe follows the whole one. */
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { defineKernel, expectSettings, expectShape, runKernelForAll } from '../definition';
import { observeMseCpu, observePercentileCpu } from './cpu';
import { observeMseWasm, observePercentileWasm } from './wasm';
import { observeMseWebgpu, observePercentileWebgpu } from './webgpu';

const percentileName = 'ObservePercentile';
const mseName = 'ObserveMse';

/**
 * Moves an observer's state, in place, towards the range of `x` without its outliers: by a histogram of 2048 equal bins from
 * min(x) to max(x), the lowest edge with at most 1 in 1000 values above it and the highest with at most 1 in 1000 below.
 * Fewer than 1000 values lose none. Otherwise as observeMinMax; all backends give the same bits.
 * @param state [4]: min, max, initialised (0 or 1), momentum
 */
export function observePercentile(x: Tensor, state: Tensor): void {
  expectShape('The state of an observer', state.shape, [4]);
  runKernelForAll(percentileName, { x, state });
}

/**
 * Moves an observer's state, in place, towards that share of the range of `x`, of 64 evenly spaced from 0.2 to 1, with which
 * the grid of activationParams has the least squared rounding error; of equal ones the largest. Errors are measured on at
 * most 8192 values, evenly spaced. In mode 0 the whole range counts. Otherwise as observeMinMax.
 * @param state [4]: min, max, initialised (0 or 1), momentum
 * @param settings qmin, qmax, mode, ... (src/quant/settings.ts)
 */
export function observeMse(x: Tensor, state: Tensor, settings: Tensor1D): void {
  expectShape('The state of an observer', state.shape, [4]);
  expectSettings(settings);
  runKernelForAll(mseName, { x, state, settings });
}

/** Registers both kernels. */
export function registerObserveClip(): void {
  defineKernel({
    name: percentileName,
    cpu: observePercentileCpu,
    wasm: observePercentileWasm,
    webgpu: observePercentileWebgpu,
  });
  defineKernel({ name: mseName, cpu: observeMseCpu, wasm: observeMseWasm, webgpu: observeMseWebgpu });
}
