/**
 * quantizeFloat(x): float32 values to the nearest values of a small float format (FP8 E4M3, FP8 E5M2, FP4 E2M1), with the
 * straight-through gradient. One kernel per format, so that the format belongs to the recorded step's topology.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { type FloatFormatName, floatFormats } from '@/catalog/formats';
import { defineKernel, expectSettings, expectShape, lastAxis, runKernel } from '../definition';
import { quantizeFloatCpu, quantizeFloatGradientCpu } from './cpu';
import { quantizeFloatGradientWasm, quantizeFloatWasm } from './wasm';
import { quantizeFloatGradientWebgpu, quantizeFloatWebgpu } from './webgpu';

const forwardName = (format: FloatFormatName) => `QuantizeFloat_${format}`;
const gradientName = (format: FloatFormatName) => `QuantizeFloatGradient_${format}`;

/**
 * Rounds `x / scale` to the format: q = sign * min(round(|x * inverse|), max), half to even, subnormals included. Beyond the largest value it saturates, infinities too (the saturating
 * mode of OCP OFP8 1.0, section 5.2.2); NaN stays NaN, and a NaN scale makes NaN. All backends give the same bits, the
 * sign of zero included. Mode 0 returns x.
 *
 * The gradient is dx = dq * inverse where the value did not saturate, else 0: where the value, rounded as if the format's
 * exponents went on, is at most the largest (|x| / scale <= 464 for E4M3, < 61440 for E5M2, < 7 for E2M1). In mode 0
 * dx = dq. The others get none.
 * @param x of any shape
 * @param params [4, C]: rows scale, inverse, zero point (not read), quantized (not read); C is 1 or the length of x's last axis
 * @param settings qmin, qmax, mode, granularity (src/quant/settings.ts)
 * @returns values of the format, to be multiplied by the scale
 * @throws if a shape does not fit
 */
export function quantizeFloat<X extends Tensor>(
  x: X,
  params: Tensor2D,
  settings: Tensor1D,
  format: FloatFormatName,
): X {
  const channels = params.shape[1] === 1 ? 1 : lastAxis(x.shape);
  expectShape('The quantization parameters', params.shape, [4, channels]);
  expectSettings(settings);
  return runKernel<X>(forwardName(format), { x, params, settings });
}

/** Registers the kernel of every format, with its gradient. */
export function registerQuantizeFloat(): void {
  for (const name of Object.keys(floatFormats) as FloatFormatName[]) {
    const format = floatFormats[name];
    defineKernel({
      name: forwardName(name),
      cpu: quantizeFloatCpu(format),
      wasm: quantizeFloatWasm(format),
      webgpu: quantizeFloatWebgpu(name, format),
      gradient: {
        inputsToSave: ['x', 'params', 'settings'],
        gradFunc: (dq, saved) => {
          const [x, params, settings] = saved as [Tensor, Tensor, Tensor];
          return { x: () => runKernel(gradientName(name), { dq: dq as Tensor, x, params, settings }) };
        },
      },
    });
    defineKernel({
      name: gradientName(name),
      cpu: quantizeFloatGradientCpu(format),
      wasm: quantizeFloatGradientWasm(format),
      webgpu: quantizeFloatGradientWebgpu(name, format),
    });
  }
}
