/**
 * weightParams(w): the quantization parameters of a weight tensor, found from its values at every step. A registry of
 * methods; each is a tfjs kernel of its own, so that the method belongs to the recorded step's topology.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectSettings, type KernelDefinition, runKernel, stopGradient } from '../definition';
import { absmaxCpu } from './cpu';
import { dorefaCpu, meanCpu, mseCpu, percentileCpu, pow2Cpu, twnCpu } from './methods/cpu';
import { dorefaWasm, meanWasm, mseWasm, percentileWasm, pow2Wasm, twnWasm } from './methods/wasm';
import {
  dorefaWebgpu,
  meanWebgpu,
  mseWebgpu,
  percentileWebgpu,
  pow2Webgpu,
  twnWebgpu,
} from './methods/webgpu';
import { absmaxWasm } from './wasm';
import { absmaxWebgpu } from './webgpu';

/** How scale and zero point follow from the weights, by method. To add one, add its kernel here. */
const methods = {
  absmax: { name: 'WeightParamsAbsmax', cpu: absmaxCpu, wasm: absmaxWasm, webgpu: absmaxWebgpu },
  mse: { name: 'WeightParamsMse', cpu: mseCpu, wasm: mseWasm, webgpu: mseWebgpu },
  percentile: {
    name: 'WeightParamsPercentile',
    cpu: percentileCpu,
    wasm: percentileWasm,
    webgpu: percentileWebgpu,
  },
  pow2: { name: 'WeightParamsPow2', cpu: pow2Cpu, wasm: pow2Wasm, webgpu: pow2Webgpu },
  mean: { name: 'WeightParamsMean', cpu: meanCpu, wasm: meanWasm, webgpu: meanWebgpu },
  twn: { name: 'WeightParamsTwn', cpu: twnCpu, wasm: twnWasm, webgpu: twnWebgpu },
  dorefa: { name: 'WeightParamsDorefa', cpu: dorefaCpu, wasm: dorefaWasm, webgpu: dorefaWebgpu },
} as const satisfies Record<string, KernelDefinition<'w' | 'settings'>>;

export type WeightMethod = keyof typeof methods;

/**
 * Finds the quantization parameters of weights.
 *
 * `absmax`: scale = max|w| / ((qmax - qmin) / 2), /127 in the narrow range and /127.5 in the full one (PyTorch); the zero
 * point is 0.
 * `mse`: of 64 scales evenly spaced from 0.2 to 1 times max|w| / qmax, the one with the least sum of (w - q * scale)^2; of
 * equal ones the largest.
 * `percentile`: scale = e / qmax, where e is the lowest of the 2048 equal bins' upper edges, from 0 to max|w|, above which
 * lie at most 1 in 100 absolute values (fewer than 100 weights lose none).
 * `pow2`: max|w| / qmax rounded up to a power of two.
 * `mean`: scale = mean|w| (BitNet b1.58, Ma et al. 2024: round(w / mean|w|) in [-1, 1]).
 * `twn`: the threshold is 0.7 mean|w|, the scale is the mean of the |w| above it (Li et al. 2016). Row "inverse" holds
 * 0.5 / threshold, so that rounding to [-1, 1] is the comparison with the threshold.
 * `dorefa`: for mode 3 (kernels/quantizeByRule): scale = 1 / qmax, and row "inverse" holds qmax / (2 tanh(max|w|)), the factor
 * of tanh(w) (Zhou et al. 2016, DoReFa-Net).
 * In mode 2 the scale is mean|w| (XNOR-Net, Rastegari et al. 2016), with pow2 rounded up to a power of two; in mode 0 the
 * parameters are 1, 1, 0, 0. The maximum or mean is that of the tensor, or of each channel where
 * the granularity is 1. A scale is at least 2^-24, so that weights that are all zero quantize to zero; it is NaN where a
 * weight is NaN or infinite. Maxima agree on all backends to the last bit, means within the rounding of a sum.
 * The parameters are constants to differentiation.
 * @param w of any shape, the output channel last (HWIO, [in, out])
 * @param settings qmin, qmax, mode, granularity (src/quant/settings.ts)
 * @returns [4, C]: rows scale, inverse, zero point, quantized; C is the length of w's last axis, also per tensor
 */
export function weightParams(w: Tensor, settings: Tensor1D, method: WeightMethod): Tensor2D {
  expectSettings(settings);
  return stopGradient(() => runKernel<Tensor2D>(methods[method].name, { w, settings }));
}

/** Registers the kernel of every method. */
export function registerWeightParams(): void {
  for (const method of Object.values(methods)) defineKernel(method);
}
