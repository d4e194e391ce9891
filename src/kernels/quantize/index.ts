/**
 * quantize(x): float32 values to the integer-valued floats q - zeroPoint that quantized layers multiply, with the
 * straight-through gradient.
 *
 * The convention: q = clamp(rint(x * inverse) + zeroPoint, qmin, qmax), where inverse = fl(1 / scale) and rint rounds half
 * to even before the zero point is added, as PyTorch's fake_quantize_per_tensor_affine does
 * (aten/src/ATen/native/quantized/FakeQuantPerTensorAffine.cpp). The result times scale is the fake-quantized x.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectSettings, expectShape, lastAxis, runKernel } from '../definition';
import { quantizeCpu, quantizeGradientCpu } from './cpu';
import { quantizeGradientWasm, quantizeWasm } from './wasm';
import { quantizeGradientWebgpu, quantizeWebgpu } from './webgpu';

const name = 'Quantize';
const gradientName = 'QuantizeGradient';

/**
 * Quantizes `x` to integer-valued floats q - zeroPoint.
 *
 * Mode 0 returns x; mode 2 returns 1 where x >= 0, else -1; mode 1 is affine. NaN stays NaN in every mode.
 * The gradient is dx = dq * inverse where the rounded, unclamped q lies in [qmin, qmax], else 0 (PyTorch's mask); in
 * mode 2 where |x| <= 1 (Hubara et al. 2016, Binarized Neural Networks); in mode 0 dx = dq. The others get none.
 * @param x of any shape
 * @param params [4, C]: rows scale, inverse, zero point, quantized; C is 1 or the length of x's last axis
 * @param settings [4]: qmin, qmax, mode, granularity
 * @throws if a shape does not fit
 */
export function quantize<X extends Tensor>(x: X, params: Tensor2D, settings: Tensor1D): X {
  const channels = params.shape[1] === 1 ? 1 : lastAxis(x.shape);
  expectShape('The quantization parameters', params.shape, [4, channels]);
  expectSettings(settings);
  return runKernel<X>(name, { x, params, settings });
}

/** Registers the kernel and its gradient. */
export function registerQuantize(): void {
  defineKernel({
    name,
    cpu: quantizeCpu,
    wasm: quantizeWasm,
    webgpu: quantizeWebgpu,
    gradient: {
      inputsToSave: ['x', 'params', 'settings'],
      gradFunc: (dq, saved) => {
        const [x, params, settings] = saved as [Tensor, Tensor, Tensor];
        return { x: () => runKernel(gradientName, { dq: dq as Tensor, x, params, settings }) };
      },
    },
  });
  defineKernel({
    name: gradientName,
    cpu: quantizeGradientCpu,
    wasm: quantizeGradientWasm,
    webgpu: quantizeGradientWebgpu,
  });
}
