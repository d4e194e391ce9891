/**
 * The parameters that go with quantizeFloat and quantizeMx. Their row "quantized" is 0: the products are not integers, so
 * that the bias stays float.
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
import { weightParams } from '../weightParams';
import { clearQuantizedCpu, floatActivationParamsCpu, unitParamsCpu } from './cpu';
import { clearQuantizedWasm, floatActivationParamsWasm, unitParamsWasm } from './wasm';
import { clearQuantizedWebgpu, floatActivationParamsWebgpu, unitParamsWebgpu } from './webgpu';

/**
 * Parameters of weights in a float format: scale = max|w| / qmax, where qmax is the format's largest value, so that
 * nothing saturates (Micikevicius et al. 2022, FP8 Formats for Deep Learning, section 3); otherwise as weightParams'
 * `absmax`, with the row "quantized" 0. Constants to differentiation.
 * @param w of any shape, the output channel last
 * @param settings qmin, qmax, mode, granularity (src/quant/settings.ts)
 * @returns [4, C]: rows scale, inverse, zero point (0), quantized (0)
 */
export function floatWeightParams(w: Tensor, settings: Tensor1D): Tensor2D {
  return stopGradient(() => {
    const params = weightParams(w, settings, 'absmax');
    runKernelForAll('ClearQuantized', { params });
    return params;
  });
}

/**
 * Parameters of weights whose scales are multiplied in: 1, 1, 0, 0 for every channel.
 * @param w of any shape, the output channel last
 * @returns [4, C]
 */
export function unitParams(w: Tensor): Tensor2D {
  return stopGradient(() => runKernel<Tensor2D>('UnitParams', { w }));
}

/**
 * Parameters of an activation in a float format, from the state of its observer: scale = max(|min|, |max|) / qmax. An
 * observer that has seen nothing stands for [0, 1]; the scale is at least 2^-24 and NaN where the range is not finite;
 * mode 0 gives 1, 1, 0, 0. Constants to differentiation; the same bits on all backends.
 * @param state [4]: min, max, initialised, momentum, as for observeMinMax
 * @param settings qmin, qmax, mode, granularity (src/quant/settings.ts)
 * @returns [4, 1]: scale, inverse, zero point (0), quantized (0)
 */
export function floatActivationParams(state: Tensor, settings: Tensor1D): Tensor2D {
  expectShape('The state of an observer', state.shape, [4]);
  expectSettings(settings);
  return stopGradient(() => runKernel<Tensor2D>('FloatActivationParams', { state, settings }));
}

/** Registers the kernels. */
export function registerFloatParams(): void {
  defineKernel({
    name: 'ClearQuantized',
    cpu: clearQuantizedCpu,
    wasm: clearQuantizedWasm,
    webgpu: clearQuantizedWebgpu,
  });
  defineKernel({ name: 'UnitParams', cpu: unitParamsCpu, wasm: unitParamsWasm, webgpu: unitParamsWebgpu });
  defineKernel({
    name: 'FloatActivationParams',
    cpu: floatActivationParamsCpu,
    wasm: floatActivationParamsWasm,
    webgpu: floatActivationParamsWebgpu,
  });
}
