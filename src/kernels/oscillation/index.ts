/**
 * Oscillation of quantized weights, after Nagel et al. 2022, Overcoming Oscillations in Quantization-Aware Training
 * (arXiv:2203.11086): a latent weight near the threshold between two levels is pushed over it and back again, so that the
 * network it belongs to changes at every step without getting anywhere.
 *
 * Tracking (their section 2.3): a weight oscillates in a step, o = 1, where its integer changes and the sign of the change is
 * the opposite of that of its last change. f <- m o + (1 - m) f is how often it does.
 *
 * Freezing (their algorithm 1): once f exceeds a threshold, the latent weight becomes the scale times its integer's moving
 * average, rounded, and is no longer updated. When a moving scale has taken it a quarter of a step from its level, towards
 * another, it is put on its level again: the paper freezes the integer, which no scale changes.
 *
 * Damping (their equation 6): lambda sum (Q(w) - clip(w))^2 is added to the loss, Q(w) being constant; its gradient is
 * 2 lambda (w - Q(w)) where w is not clipped, else 0. lambda rises as (1 - cos(pi t / T)) / 2.
 *
 * Rows of the state and entries of the control tensor: ./constants.ts.
 */
import {
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import {
  defineKernel,
  expectSettings,
  expectShape,
  lastAxis,
  runKernel,
  runKernelForAll,
} from '../definition';
import { address, currentWasmBackend, emscripten } from '../wasm';
import { entryCount, rowCount, rows } from './constants';
import { dampGradientCpu, trackOscillationCpu } from './cpu';
import { dampGradientWasm, trackOscillationWasm } from './wasm';
import { dampGradientWebgpu, trackOscillationWebgpu } from './webgpu';

export { entries, means, rowCount, rows } from './constants';

/** What a step knows of the weights that it used. */
export interface RoundedWeights {
  /** Their integers as floats, of the weights' shape. */
  levels: Tensor;
  /** [4, C], rows scale and inverse; C is 1 or the length of the last axis. */
  params: Tensor2D;
  /** qmin, qmax, mode, ...: src/quant/settings.ts */
  settings: Tensor1D;
}

/** Zeros as a state [6, size] that has seen nothing. */
function clear(zeros: Float32Array): Float32Array {
  const size = zeros.length / rowCount;
  for (const row of [rows.level, rows.pinned]) zeros.fill(Number.NaN, row * size, (row + 1) * size);
  return zeros;
}

/** @returns float32[6 * size], a state [6, size] that has seen nothing */
export const freshOscillation = (size: number): Float32Array => clear(new Float32Array(rowCount * size));

/** Makes a state one that has seen nothing; on WebAssembly where it lies, since it is large. */
export function resetOscillation(state: Variable): void {
  const backend = currentWasmBackend();
  if (backend) {
    const { buffer } = emscripten(backend).HEAPU8;
    clear(new Float32Array(buffer, address(state), state.size).fill(0));
  } else tidy(() => state.assign(tensor(freshOscillation(state.size / rowCount), state.shape)));
}

function expectFitting(w: Tensor, { levels, params, settings }: RoundedWeights, control: Tensor): void {
  expectShape('The levels', levels.shape, w.shape);
  expectShape('The quantization parameters', params.shape, [
    4,
    params.shape[1] === 1 ? 1 : lastAxis(w.shape),
  ]);
  expectSettings(settings);
  expectShape('The control of oscillation', control.shape, [entryCount]);
}

/**
 * Takes a step into account, in place: after the optimizer's update of `w`, with the integers that the step used. Freezes
 * weights, and holds frozen ones, where the control says so; otherwise `w` stays and no weight is frozen. An idle control
 * leaves everything as it is, at no cost: give what is watched again a fresh state.
 * Freezing needs levels one apart, or signs (settings' mode 2).
 * @param w is changed, and with it every tensor that shares its data
 * @param control [6]
 * @param state [6, size of w]; is changed
 * @throws if a shape does not fit
 */
export function trackOscillation(w: Tensor, rounded: RoundedWeights, control: Tensor, state: Tensor): void {
  expectFitting(w, rounded, control);
  expectShape('The state of oscillation', state.shape, [rowCount, w.size]);
  const { levels, params, settings } = rounded;
  runKernelForAll('TrackOscillation', { w, levels, params, settings, control, state });
}

/**
 * The gradient of the loss with damping: g + 2 lambda (w - scale level) where w lies on the grid, its ends included.
 * @param g of the loss by the rounded weights' latent values `w`, of equal shape
 * @param control [6]
 * @param clock [1]: the step
 * @throws if a shape does not fit
 */
export function dampGradient<G extends Tensor>(
  g: G,
  w: Tensor,
  rounded: RoundedWeights,
  control: Tensor,
  clock: Tensor,
): G {
  expectFitting(w, rounded, control);
  expectShape('The gradient', g.shape, w.shape);
  expectShape('The clock', clock.shape, [1]);
  const { levels, params, settings } = rounded;
  return runKernel<G>('DampGradient', { g, w, levels, params, settings, control, clock });
}

/** Registers both kernels. */
export function registerOscillation(): void {
  defineKernel({
    name: 'TrackOscillation',
    cpu: trackOscillationCpu,
    wasm: trackOscillationWasm,
    webgpu: trackOscillationWebgpu,
  });
  defineKernel({
    name: 'DampGradient',
    cpu: dampGradientCpu,
    wasm: dampGradientWasm,
    webgpu: dampGradientWebgpu,
  });
}
