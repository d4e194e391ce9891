/** Puts the project's matrix product in the place of tfjs's BatchMatMul, which tf.matMul uses, with its gradient. */
import type { BatchMatMulAttrs, GradConfig, Tensor } from '@tensorflow/tfjs-core';
import { BatchMatMul, matMul, registerGradient } from '@tensorflow/tfjs-core';
import { reduceTo } from '../gradients';
import { replaceKernel } from '../registry';
import { matmulKernel as wasmKernel } from './wasm';
import { matmulKernel as webgpuKernel } from './webgpu';

/** dA = dy B' and dB = A' dy, in the order in which A and B are stored. */
const gradient: GradConfig = {
  kernelName: BatchMatMul,
  inputsToSave: ['a', 'b'],
  gradFunc: (gradientOfOutput, saved, attrs) => {
    const dy = gradientOfOutput as Tensor;
    const [a, b] = saved as [Tensor, Tensor];
    const { transposeA, transposeB } = attrs as unknown as BatchMatMulAttrs;
    const da = () => (transposeA ? matMul(b, dy, transposeB, true) : matMul(dy, b, false, !transposeB));
    const db = () => (transposeB ? matMul(dy, a, true, transposeA) : matMul(a, dy, !transposeA, false));
    return { a: () => reduceTo(da(), a.shape), b: () => reduceTo(db(), b.shape) };
  },
};

export function registerMatmul(): void {
  replaceKernel(BatchMatMul, 'wasm', wasmKernel);
  replaceKernel(BatchMatMul, 'webgpu', webgpuKernel);
  registerGradient(gradient);
}
