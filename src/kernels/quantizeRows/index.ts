/**
 * Dynamic quantization of activations: each example, or each token of a sequence, has a scale of its own, found from its
 * values at every pass.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectSettings, expectShape, runKernel, stopGradient } from '../definition';
import { quantizeRowsCpu, quantizeRowsGradientCpu, rowParamsCpu } from './cpu';
import { rowsOf } from './shapes';
import { quantizeRowsGradientWasm, quantizeRowsWasm, rowParamsWasm } from './wasm';
import { quantizeRowsGradientWebgpu, quantizeRowsWebgpu, rowParamsWebgpu } from './webgpu';

const names = { params: 'RowParams', forward: 'QuantizeRows', gradient: 'QuantizeRowsGradient' } as const;

function expectRows({ shape, rank }: Tensor): void {
  if (rank < 2)
    throw new Error(`Rows need a batch of them, but the tensor has the shape [${shape.join(', ')}].`);
}

/**
 * The quantization parameters of each row. A row is an example, all axes but the first; of a tensor of rank 3, [batch,
 * tokens, features], it is a token.
 *
 * On a grid from 0 (qmin >= 0) the range of the row, widened to include 0, is spanned: scale = (max - min) / (qmax - qmin), zero
 * point = clamp(qmin - rint(min / scale), qmin, qmax), as activationParams does for an observed range (ONNX
 * DynamicQuantizeLinear; PyTorch, torch/ao/quantization/observer.py, PerChannelMinMaxObserver along axis 0). With two levels min counts as 0. On a grid with
 * levels below 0: scale = max|x| / qmax, zero point 0 (BitNet b1.58, Ma et al. 2024, per token).
 * The scale is at least 2^-24, and NaN where a value of the row is not finite. Mode 0 gives 1, 1, 0, 0. Constants to
 * differentiation; all backends give the same bits.
 * @param x of rank 2 or more, the batch first
 * @param settings qmin, qmax, mode, granularity (src/quant/settings.ts)
 * @returns [4, rows]: scale, inverse, zero point, quantized
 */
export function rowParams(x: Tensor, settings: Tensor1D): Tensor2D {
  expectRows(x);
  expectSettings(settings);
  return stopGradient(() => runKernel<Tensor2D>(names.params, { x, settings }));
}

/**
 * Fake-quantizes each row with its own parameters: scale * (clamp(rint(x * inverse) + zeroPoint, qmin, qmax) - zeroPoint), as
 * PyTorch's fake_quantize_per_channel_affine along axis 0. Mode 0 returns x; a row whose scale is NaN becomes NaN.
 *
 * The gradient is dx = dq where the rounded, unclamped value lies in [qmin, qmax], else 0; in mode 0 dx = dq.
 * @param params [4, rows], of rowParams
 * @returns the values meant: the rows' scales are multiplied in
 * @throws if a shape does not fit
 */
export function quantizeRows<X extends Tensor>(x: X, params: Tensor2D, settings: Tensor1D): X {
  expectRows(x);
  expectShape('The quantization parameters', params.shape, [4, rowsOf(x.shape).rows]);
  expectSettings(settings);
  return runKernel<X>(names.forward, { x, params, settings });
}

/** Registers the kernels and the gradient. */
export function registerQuantizeRows(): void {
  defineKernel({ name: names.params, cpu: rowParamsCpu, wasm: rowParamsWasm, webgpu: rowParamsWebgpu });
  defineKernel({
    name: names.forward,
    cpu: quantizeRowsCpu,
    wasm: quantizeRowsWasm,
    webgpu: quantizeRowsWebgpu,
    gradient: {
      inputsToSave: ['x', 'params', 'settings'],
      gradFunc: (dq, saved) => {
        const [x, params, settings] = saved as [Tensor, Tensor, Tensor];
        return { x: () => runKernel(names.gradient, { dq: dq as Tensor, x, params, settings }) };
      },
    },
  });
  defineKernel({
    name: names.gradient,
    cpu: quantizeRowsGradientCpu,
    wasm: quantizeRowsGradientWasm,
    webgpu: quantizeRowsGradientWebgpu,
  });
}
