/**
 * quantizeMx(x): float32 weights to the nearest values of an OCP Microscaling format (MXFP4, MXFP8), with the
 * straight-through gradient. One kernel per format.
 */
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type BlockFormatName, blockFormats } from '@/catalog/formats';
import { defineKernel, expectSettings, runKernel } from '../definition';
import { quantizeMxCpu, quantizeMxGradientCpu } from './cpu';
import { quantizeMxGradientWasm, quantizeMxWasm } from './wasm';
import { quantizeMxGradientWebgpu, quantizeMxWebgpu } from './webgpu';

const forwardName = (format: BlockFormatName) => `QuantizeMx_${format}`;
const gradientName = (format: BlockFormatName) => `QuantizeMxGradient_${format}`;

/**
 * Rounds blocks of 32 values to the element format times a power of two that they share: 2^(floor(log2(max|x|)) - emax),
 * at least 2^-127, where emax is the exponent of the element format's largest value; values saturate (OCP MX 1.0,
 * section 6.3, rounding half to even). A block runs along the input-channel axis, the last but one, at each place of a kernel for itself, as in
 * Microsoft's microxcaling (mx/convolution.py, mx/mx_ops.py); the last one of an axis may be shorter. Where a value is
 * NaN or infinite its block becomes NaN, as its scale does. All backends give the same bits. Mode 0 returns x.
 *
 * The gradient is dx = dq where the value did not saturate, else 0; the scale is a constant to differentiation. In mode 0
 * dx = dq.
 * @param x of rank 2 or more, the output channel last (HWIO, [in, out])
 * @param settings qmin, qmax, mode, granularity (src/quant/settings.ts)
 * @returns the values meant: the blocks' scales are multiplied in
 * @throws if a shape does not fit
 */
export function quantizeMx<X extends Tensor>(x: X, settings: Tensor1D, format: BlockFormatName): X {
  if (x.rank < 2)
    throw new Error(
      `Blocks run along the input channels, but the tensor has the shape [${x.shape.join(', ')}].`,
    );
  expectSettings(settings);
  return runKernel<X>(forwardName(format), { x, settings });
}

/** Registers the kernel of every format, with its gradient. */
export function registerQuantizeMx(): void {
  for (const name of Object.keys(blockFormats) as BlockFormatName[]) {
    const format = blockFormats[name];
    defineKernel({
      name: forwardName(name),
      cpu: quantizeMxCpu(format),
      wasm: quantizeMxWasm(format),
      webgpu: quantizeMxWebgpu(name, format),
      gradient: {
        inputsToSave: ['x', 'settings'],
        gradFunc: (dq, saved) => {
          const [x, settings] = saved as [Tensor, Tensor];
          return { x: () => runKernel(gradientName(name), { dq: dq as Tensor, x, settings }) };
        },
      },
    });
    defineKernel({
      name: gradientName(name),
      cpu: quantizeMxGradientCpu(format),
      wasm: quantizeMxGradientWasm(format),
      webgpu: quantizeMxGradientWebgpu(name, format),
    });
  }
}
