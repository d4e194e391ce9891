/**
 * Weights whose width is learned: the width b, a real number, and the clip m decide the grid, and both get a gradient
 * through the rounding, by the straight-through estimator. A penalty on b makes the model small.
 *
 * The idea is that of Uhlich et al. 2020, Mixed Precision DNNs: All you need is a good parametrization (arXiv:1905.11452): what
 * rounds is at every step an ordinary grid of integers, and step, range and width determine each other. The clip is
 * learned as its logarithm, as in Jain et al. 2020, TQT (arXiv:1903.08066), so that both learned values count in bits.
 *
 * With learned = [b, log2 m]:
 *   L = 2^(b - 1) - 1, clamped to [1, qmax]; s = m / L; w^ = s clamp(rint(c / s), -rint(L), rint(L)), c = clamp(w, -m, m).
 *
 * Gradients of E = loss + penalty * b, rint having the derivative 1, with g = dE/dw^:
 *   dE/dw = g where |w| <= m, else 0;
 *   A = dE/ds = sum g (rint(c / s) - c / s); B = dE/dm at a fixed s = sum over |w| > m of g sign(w);
 *   dE/db = penalty - ln 2 (L + 1) / L s A; dE/d(log2 m) = ln 2 (m B + s A).
 * Where L is clamped, dE/db has no penalty below and is what leads back: at least 0 at the widest, at most 0 at the narrowest.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { defineKernel, expectSettings, expectShape, runKernel, stopGradient } from '../definition';
import {
  learnedBitsGradientCpu,
  learnedBitsParamsCpu,
  quantizeLearnedBitsCpu,
  quantizeLearnedBitsGradientCpu,
} from './cpu';
import {
  learnedBitsGradientWasm,
  learnedBitsParamsWasm,
  quantizeLearnedBitsGradientWasm,
  quantizeLearnedBitsWasm,
} from './wasm';
import {
  learnedBitsGradientWebgpu,
  learnedBitsParamsWebgpu,
  quantizeLearnedBitsGradientWebgpu,
  quantizeLearnedBitsWebgpu,
} from './webgpu';

const names = {
  params: 'LearnedBitsParams',
  forward: 'QuantizeLearnedBits',
  gradient: 'QuantizeLearnedBitsGradient',
  learnedGradient: 'LearnedBitsGradient',
} as const;

/** Entries of a settings tensor that these kernels read: qmin, qmax, mode, and the penalty, the last. */
const entries = 10;

function expectLearned(learned: Tensor, settings: Tensor): void {
  expectShape('Width and clip', learned.shape, [2]);
  expectSettings(settings, entries);
}

/**
 * The quantization parameters that a learned width and clip stand for: the scale m / L, at least 2^-24, and NaN where either is.
 * Constants to differentiation; the same bits on all backends. In mode 0: 1, 1, 0, 0.
 * @param w of any shape, the output channel last
 * @param learned [2]: width b and log2 of the clip m
 * @param settings qmin, qmax, mode, ..., penalty (src/quant/settings.ts)
 * @returns [4, C]: scale, inverse, zero point, quantized, the same in every column
 */
export function learnedBitsParams(w: Tensor, learned: Tensor1D, settings: Tensor1D): Tensor2D {
  expectLearned(learned, settings);
  return stopGradient(() => runKernel<Tensor2D>(names.params, { w, learned, settings }));
}

/**
 * Quantizes weights to integer-valued floats on the grid of a learned width. NaN stays NaN; in mode 0 x passes through.
 * Both x and learned get gradients, those of this file's head.
 * @param learned, settings as for learnedBitsParams
 * @throws if a shape does not fit
 */
export function quantizeLearnedBits<X extends Tensor>(x: X, learned: Tensor1D, settings: Tensor1D): X {
  expectLearned(learned, settings);
  return runKernel<X>(names.forward, { x, learned, settings });
}

/** Registers the kernels and the gradients. */
export function registerLearnedBits(): void {
  defineKernel({
    name: names.params,
    cpu: learnedBitsParamsCpu,
    wasm: learnedBitsParamsWasm,
    webgpu: learnedBitsParamsWebgpu,
  });
  defineKernel({
    name: names.forward,
    cpu: quantizeLearnedBitsCpu,
    wasm: quantizeLearnedBitsWasm,
    webgpu: quantizeLearnedBitsWebgpu,
    gradient: {
      inputsToSave: ['x', 'learned', 'settings'],
      gradFunc: (dq, saved) => {
        const [x, learned, settings] = saved as [Tensor, Tensor, Tensor];
        const inputs = { dq: dq as Tensor, x, learned, settings };
        return {
          x: () => runKernel(names.gradient, inputs),
          learned: () => runKernel(names.learnedGradient, inputs),
        };
      },
    },
  });
  defineKernel({
    name: names.gradient,
    cpu: quantizeLearnedBitsGradientCpu,
    wasm: quantizeLearnedBitsGradientWasm,
    webgpu: quantizeLearnedBitsGradientWebgpu,
  });
  defineKernel({
    name: names.learnedGradient,
    cpu: learnedBitsGradientCpu,
    wasm: learnedBitsGradientWasm,
    webgpu: learnedBitsGradientWebgpu,
  });
}
