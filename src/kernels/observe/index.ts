/**
 * The range of an activation, followed by an exponential moving average, and the quantization parameters of that range.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  defineKernel,
  expectSettings,
  expectShape,
  runKernel,
  runKernelForAll,
  stopGradient,
} from '../definition';
import { activationParamsCpu, observeMinMaxCpu } from './cpu';
import { activationParamsWasm, observeMinMaxWasm } from './wasm';
import { activationParamsWebgpu, observeMinMaxWebgpu } from './webgpu';

const observeName = 'ObserveMinMax';
const paramsName = 'ActivationParams';

/** The share of a new batch in the average: PyTorch's default averaging_constant. */
export const defaultMomentum = 0.01;

/** The state of an observer that has seen nothing: [min, max, initialised, momentum]. */
export function initialObserverState(momentum = defaultMomentum): [number, number, number, number] {
  return [0, 0, 0, momentum];
}

/**
 * Moves an observer's state towards the range of `x`, in place: min += momentum * (min(x) - min), and max likewise. The
 * first batch sets them directly (PyTorch, torch/ao/quantization/observer.py, MovingAverageMinMaxObserver). A NaN in x
 * makes both NaN for good. All backends give the same bits.
 * @param x of any shape but empty
 * @param state [4]: min, max, initialised (0 or 1), momentum; every tensor that shares its data changes too
 */
export function observeMinMax(x: Tensor, state: Tensor): void {
  expectShape('The state of an observer', state.shape, [4]);
  runKernelForAll(observeName, { x, state });
}

/**
 * The quantization parameters of an activation, from the state of its observer. The range is widened to include 0:
 * scale = (max - min) / (qmax - qmin), zero point = clamp(qmin - rint(min / scale), qmin, qmax). With two levels (1 bit)
 * only {0, max} is representable: min counts as 0. The scale is at least 2^-24, and NaN if the range is not finite. An observer that
 * has seen nothing stands for [0, 1]; mode 0 gives 1, 1, 0, 0. Constants to differentiation; the same bits everywhere.
 * @param state [4], as for observeMinMax
 * @param settings [4]: qmin, qmax, mode, granularity
 * @returns [4, 1]: scale, inverse, zero point, quantized
 */
export function activationParams(state: Tensor, settings: Tensor1D): Tensor2D {
  expectShape('The state of an observer', state.shape, [4]);
  expectSettings(settings);
  return stopGradient(() => runKernel<Tensor2D>(paramsName, { state, settings }));
}

/** Registers both kernels. */
export function registerObserve(): void {
  defineKernel({
    name: observeName,
    cpu: observeMinMaxCpu,
    wasm: observeMinMaxWasm,
    webgpu: observeMinMaxWebgpu,
  });
  defineKernel({
    name: paramsName,
    cpu: activationParamsCpu,
    wasm: activationParamsWasm,
    webgpu: activationParamsWebgpu,
  });
}
