/**
 * quantizeByRule(x): as quantize, with a choice of how values are rounded, where and how the gradient passes, and what
 * is learned. All of it stands in the settings tensor (src/quant/settings.ts), so that it may change while it trains.
 *
 * Let p = x * inverse + zeroPoint be where x stands on the grid, and r that rounded.
 *
 * Values. Mode 1: clamp(r, qmin, qmax) - zeroPoint. Mode 2: the sign, that of 0 being +1. Mode 3 (DoReFa-Net, Zhou et al.
 * 2016): 2 clamp(rint(tanh(x) * inverse + n / 2), 0, n) - n with n = qmax, odd integers whose scale is 1 / n. Mode 0: x.
 * Rounding is half to even; stochastic where the settings say so and the clock is not negative: up with the probability
 * p - floor(p), by a hash of the seed, the clock and the element's index, the same on every backend.
 *
 * Gradient: dx = dq / scale * estimator where the rule lets it pass, else 0.
 * - clip: qmin <= r <= qmax (PyTorch's fake-quantize). lsq, lsqPlus, pact: qmin < p < qmax. closed: qmin <= p <= qmax.
 *   everywhere: always. In mode 2 the rules but the last are |x| <= 1. Mode 3 always passes, times (1 - tanh^2 x) n / M.
 * - estimators, with e = p - clamp(r), at most half a step: ste 1; ewgs 1 + 0.2 sign(dq) e (Lee et al. 2021, errors
 *   measured in steps); soft k / (2 tanh(k / 2)) (1 - tanh^2(k m)) with k = 4 and m the distance of p from the middle
 *   between two levels (Gong et al. 2019); none 0.
 *
 * Gradient of what is learned, with g = 1 / sqrt(N * Qp) (Esser et al. 2020; N is settings[8], Qp the number
 * of steps above 0) and the sums over the values of one scale, of dq / scale times:
 * - lsq, of the step: r - p inside, qmin - zeroPoint or qmax - zeroPoint outside; in mode 2 the sign. Times g.
 * - lsqPlus (Bhalgat et al. 2020), of the step: r - p inside, qmin or qmax outside; of the offset: 0 inside, 1
 *   outside. Times g.
 * - pact (Choi et al. 2018), of the clip: 1 where x >= clip. Plus 2e-4 times the clip.
 * PyTorch's learnable fake-quantize tests saturation on the rounded r and not on p: see docs/quantizers/learned.md.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  defineKernel,
  expectSettings,
  expectShape,
  lastAxis,
  runKernel,
  runKernelForAll,
  stopGradient,
} from '../definition';
import {
  advanceClockCpu,
  learnedGradientCpu,
  learnedParamsCpu,
  quantizeByRuleCpu,
  quantizeByRuleGradientCpu,
} from './cpu';
import { learnedGradientWebgpu, learnedParamsWebgpu } from './learnedWebgpu';
import {
  advanceClockWasm,
  learnedGradientWasm,
  learnedParamsWasm,
  quantizeByRuleGradientWasm,
  quantizeByRuleWasm,
} from './wasm';
import { advanceClockWebgpu, quantizeByRuleGradientWebgpu, quantizeByRuleWebgpu } from './webgpu';

export { clipDecay, estimators, modes, rules } from './constants';

const names = {
  fixed: 'QuantizeByRule',
  learned: 'QuantizeLearned',
  gradient: 'QuantizeByRuleGradient',
  learnedGradient: 'LearnedGradient',
  params: 'LearnedParams',
  advance: 'AdvanceClock',
} as const;

/** Entries of a settings tensor that these kernels read. */
const entries = 9;

/**
 * Quantizes `x` to integer-valued floats, by the settings' mode, rule, estimator and rounding.
 * @param params [4, C]: rows scale, inverse, zero point, quantized; C is 1 or the length of x's last axis
 * @param settings [9]: qmin, qmax, mode, granularity, rule, estimator, stochastic, seed, count
 * @param clock [1]: the step, for stochastic rounding; negative: round to nearest
 * @param learned what params were made of by learnedParams, if the rule learns: it gets a gradient too
 * @throws if a shape does not fit
 */
export function quantizeByRule<X extends Tensor>(
  x: X,
  params: Tensor2D,
  settings: Tensor1D,
  clock: Tensor,
  learned?: Tensor,
): X {
  const channels = params.shape[1] === 1 ? 1 : lastAxis(x.shape);
  expectShape('The quantization parameters', params.shape, [4, channels]);
  expectSettings(settings, entries);
  expectShape('The clock', clock.shape, [1]);
  const inputs = { x, params, settings, clock };
  return learned ? runKernel<X>(names.learned, { ...inputs, learned }) : runKernel<X>(names.fixed, inputs);
}

/**
 * The quantization parameters that learned values stand for. lsq: the scale is the step, at least 2^-24; of an activation
 * the zero point follows it. lsqPlus: the zero point is the offset in whole steps, -rint(offset / step), within [qmin, qmax].
 * pact and closed: the scale is clip / qmax. In mode 0 the parameters are 1, 1, 0, 0. Constants to differentiation.
 * @param learned [1, C]: steps of the channels of a weight; or of an activation: [2] step and zero point (lsq), [2] step and
 *   offset (lsqPlus), [1] clip (pact), [k] whose first is the clip (closed)
 * @returns [4, C] or [4, 1]
 */
export function learnedParams(learned: Tensor, settings: Tensor1D): Tensor2D {
  expectSettings(settings, entries);
  return stopGradient(() => runKernel<Tensor2D>(names.params, { learned, settings }));
}

/** Advances the clock of stochastic rounding by a step, in place. @param clock [1] */
export function advanceClock(clock: Tensor): void {
  expectShape('The clock', clock.shape, [1]);
  runKernelForAll(names.advance, { clock });
}

/** The gradient of quantizeByRule by x, for those who put it together with more. */
export const quantizeByRuleGradient = <X extends Tensor>(
  dq: Tensor,
  x: X,
  params: Tensor2D,
  settings: Tensor1D,
  clock: Tensor,
): X => runKernel<X>(names.gradient, { dq, x, params, settings, clock });

type Saved = [x: Tensor, params: Tensor2D, settings: Tensor1D, clock: Tensor, learned: Tensor];

/** Registers all of them with their gradients. */
export function registerQuantizeByRule(): void {
  const forward = { cpu: quantizeByRuleCpu, wasm: quantizeByRuleWasm, webgpu: quantizeByRuleWebgpu };
  defineKernel<'x' | 'params' | 'settings' | 'clock'>({
    name: names.fixed,
    ...forward,
    gradient: {
      inputsToSave: ['x', 'params', 'settings', 'clock'],
      gradFunc: (dq, saved) => {
        const [x, params, settings, clock] = saved as Saved;
        return { x: () => quantizeByRuleGradient(dq as Tensor, x, params, settings, clock) };
      },
    },
  });
  defineKernel<'x' | 'params' | 'settings' | 'clock' | 'learned'>({
    name: names.learned,
    ...forward,
    gradient: {
      inputsToSave: ['x', 'params', 'settings', 'clock', 'learned'],
      gradFunc: (dq, saved) => {
        const [x, params, settings, clock, learned] = saved as Saved;
        const inputs = { dq: dq as Tensor, x, params, settings, clock, learned };
        return {
          x: () => quantizeByRuleGradient(dq as Tensor, x, params, settings, clock),
          learned: () => runKernel(names.learnedGradient, inputs),
        };
      },
    },
  });
  defineKernel({
    name: names.gradient,
    cpu: quantizeByRuleGradientCpu,
    wasm: quantizeByRuleGradientWasm,
    webgpu: quantizeByRuleGradientWebgpu,
  });
  defineKernel({
    name: names.learnedGradient,
    cpu: learnedGradientCpu,
    wasm: learnedGradientWasm,
    webgpu: learnedGradientWebgpu,
  });
  defineKernel({
    name: names.params,
    cpu: learnedParamsCpu,
    wasm: learnedParamsWasm,
    webgpu: learnedParamsWebgpu,
  });
  defineKernel({
    name: names.advance,
    cpu: advanceClockCpu,
    wasm: advanceClockWasm,
    webgpu: advanceClockWebgpu,
  });
}
