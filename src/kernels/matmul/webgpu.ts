/**
 * Matrix products on WebGPU are tfjs's, but for one of its programs: split-K adds partial sums by compare-and-swap in
 * whatever order threads arrive, so that the same step gives different results from run to run.
 */
import type { BatchMatMulAttrs, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { env } from '@tensorflow/tfjs-core';

const programFlag = 'WEBGPU_MATMUL_PROGRAM_TYPE';
/** tfjs's MatMulProgramType.MatMulSmallOutputSizeProgram: what it takes for smaller K at the same output size. */
const smallOutputProgram = 2;
/** From this K on tfjs may take split-K (kernels/BatchMatMul_impl.js). */
const splitFrom = 2000;

/** Runs `product`, a matrix product of tfjs that sums over K values, with a program that always sums in one order. */
export function inOneOrder<Result>(K: number, product: () => Result): Result {
  const chosen = env().getNumber(programFlag);
  if (K < splitFrom || chosen >= 0) return product();
  env().set(programFlag, smallOutputProgram);
  try {
    return product();
  } finally {
    env().set(programFlag, chosen);
  }
}

export function matmulKernel(stock: KernelFunc): KernelFunc {
  return (call) => {
    const { a } = call.inputs as { a: TensorInfo };
    const { transposeA } = call.attrs as unknown as BatchMatMulAttrs;
    return inOneOrder(a.shape.at(transposeA ? -2 : -1)!, () => stock(call));
  };
}
