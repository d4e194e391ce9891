/**
 * epilogue(acc): what follows a quantized layer's product: scale, bias and activation function in one pass.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  defineKernel,
  expectShape,
  type KernelDefinition,
  lastAxis,
  runKernel,
  runKernelForAll,
} from '../definition';
import { type ActivationName, activationNamed, activations } from './activations';
import { epilogueCpu, epilogueGradientCpu } from './cpu';
import { epilogueGradientWasm, epilogueWasm } from './wasm';
import { epilogueGradientWebgpu, epilogueWebgpu } from './webgpu';

export type { ActivationName } from './activations';

const forwardName = (activation: ActivationName) => `Epilogue_${activation}`;
const gradientName = (activation: ActivationName) => `EpilogueGradient_${activation}`;

/**
 * y = f(acc * s[c] + b'[c]), where s[c] = fl(input scale * weight scale[c]).
 *
 * b' is the bias rounded to the accumulator's grid, rint(b / s) * s, where input and weights are both quantized (integer
 * inference adds it as an int32 of that scale: Jacob et al. 2018), else b. Every operation rounds to float32 and tanh
 * is one polynomial, so that all backends give the same bits. NaN propagates.
 * Gradients: dacc = dy * f' * s[c] and db[c] = sum of dy * f' over all other axes (straight through the rounding; the
 * sums' order is fixed on each backend, and differs between them by ULPs). The parameters get none. f' is computed from
 * y, or from acc again where y does not determine it (GELU falls and rises).
 * @param acc [..., C]: sums of products of integer-valued floats
 * @param inputParams [4, 1], weightParams [4, C]: rows scale, inverse, zero point, quantized
 * @param bias [C]
 * @throws if a shape does not fit
 */
export function epilogue<X extends Tensor>(
  acc: X,
  inputParams: Tensor2D,
  weightParams: Tensor2D,
  bias: Tensor1D,
  activation: ActivationName,
): X {
  const channels = lastAxis(acc.shape);
  expectShape("The input's quantization parameters", inputParams.shape, [4, 1]);
  expectShape("The weights' quantization parameters", weightParams.shape, [4, channels]);
  expectShape('The bias', bias.shape, [channels]);
  return runKernel<X>(forwardName(activation), { acc, inputParams, weightParams, bias });
}

/** Registers the kernels of every activation function, with their gradients. */
export function registerEpilogue(): void {
  for (const activation of Object.keys(activations) as ActivationName[]) {
    const ofInput = activationNamed(activation).slopeOf === 'input';
    const forward: KernelDefinition<'acc' | 'inputParams' | 'weightParams' | 'bias'> = {
      name: forwardName(activation),
      cpu: epilogueCpu(activation),
      wasm: epilogueWasm(activation),
      webgpu: epilogueWebgpu(activation),
      gradient: {
        inputsToSave: ['inputParams', 'weightParams', 'bias', ...(ofInput ? ['acc'] : [])],
        outputsToSave: [!ofInput],
        gradFunc: (dy, tensors) => {
          const [inputParams, weightParams, bias, saved] = tensors as [Tensor, Tensor, Tensor, Tensor];
          // Here and not in the functions below: tfjs runs each of those in a tidy of its own.
          const [dacc, dbias] = runKernelForAll(gradientName(activation), {
            dy: dy as Tensor,
            saved,
            inputParams,
            weightParams,
            bias,
          });
          return { acc: () => dacc!, bias: () => dbias! };
        },
      },
    };
    defineKernel(forward);
    defineKernel({
      name: gradientName(activation),
      cpu: epilogueGradientCpu(activation),
      wasm: epilogueGradientWasm(activation),
      webgpu: epilogueGradientWebgpu(activation),
    });
  }
}
