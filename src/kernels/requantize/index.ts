/**
 * What follows a quantized layer's sums in evaluation, as the deployed integers compute it: an integer bias, a fixed-point
 * multiplier of 31 bits with a shift, one rounding, half to even. src/deploy has the same arithmetic in code of its own.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectSettings, expectShape, lastAxis, runKernel } from '../definition';
import { factorsCpu, requantizeCpu } from './cpu';
import { factorsWasm, requantizeWasm } from './wasm';
import { factorsWebgpu, requantizeWebgpu } from './webgpu';

/** One operand of a requantization: sums of integers, and what they mean. */
export interface Operand {
  /** Integer-valued floats, exact, or int32: [..., C]. */
  sums: Tensor;
  /** [4, 1]: row scale. */
  inputParams: Tensor2D;
  /** [4, C] or [4, 1]: row scale. */
  weightParams: Tensor2D;
  /** [C] or [1] as the weights' params. */
  bias: Tensor1D;
}

/**
 * q - zeroPoint with q = clamp(zeroPoint + round(((sum + b) * m + other * n) / 2^shift), qmin, qmax), exact and rounded once,
 * half to even. The bias b is rint(fl(bias / s)), where s = fl(input scale * weight scale). The multipliers m and n are
 * fl(s / output scale) and fl(other scale / output scale) times 2^shift, and rounded; the shift, 1 to 62, is the same for
 * both and gives the larger of them 31 bits. All backends give the same bits. NaN stays NaN. No gradient.
 * @param more a second operand of the shape of the sums, on a grid of its own ([4, 1]) or one for each channel ([4, C])
 * @param outParams [4, 1] of the output @param settings qmin and qmax
 * @throws if a shape does not fit
 */
export function requantize(
  { sums, inputParams, weightParams, bias }: Operand,
  outParams: Tensor2D,
  settings: Tensor1D,
  more: { values: Tensor; params: Tensor2D },
): Tensor {
  const channels = weightParams.shape[1] === 1 ? 1 : lastAxis(sums.shape);
  expectShape("The input's quantization parameters", inputParams.shape, [4, 1]);
  expectShape("The weights' quantization parameters", weightParams.shape, [4, channels]);
  expectShape("The output's quantization parameters", outParams.shape, [4, 1]);
  const moreChannels = more.params.shape[1] === 1 ? 1 : channels;
  expectShape("The second operand's quantization parameters", more.params.shape, [4, moreChannels]);
  expectShape('The bias', bias.shape, [channels]);
  if (more.values.size !== 1) expectShape('The second operand', more.values.shape, sums.shape);
  expectSettings(settings, 2);
  const factors = runKernel<Tensor2D>('RequantizeFactors', {
    inputParams,
    weightParams,
    bias,
    moreParams: more.params,
    outParams,
  });
  return runKernel('Requantize', { sums, more: more.values, factors, outParams, settings });
}

/** Registers the kernels. */
export function registerRequantize(): void {
  defineKernel({
    name: 'RequantizeFactors',
    cpu: factorsCpu,
    wasm: factorsWasm,
    webgpu: factorsWebgpu,
  });
  defineKernel({ name: 'Requantize', cpu: requantizeCpu, wasm: requantizeWasm, webgpu: requantizeWebgpu });
}
