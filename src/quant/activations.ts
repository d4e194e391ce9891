/**
 * Activation quantizer kinds: the grid of each, what it observes, how its scale follows, where the gradient passes, and
 * what it learns. One entry a kind, checked against the catalog.
 */
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  type ActivationQuantizerKind,
  type ActivationSite,
  activationBits,
  activationRange,
  weightRange,
} from '@/catalog/quantizers';
import { unitParams } from '@/kernels/floatParams';
import { activationParams, observeMinMax } from '@/kernels/observe';
import { observeMse, observePercentile } from '@/kernels/observeClip';
import { quantize } from '@/kernels/quantize';
import { learnedParams, quantizeByRule } from '@/kernels/quantizeByRule';
import { quantizeRows, rowParams } from '@/kernels/quantizeRows';
import { smallestScale } from '@/kernels/scale';
import { floatActivations } from './formats/activations';
import type { ActivationQuantizer, ActivationState } from './quantizer';
import { freshObserver, type Grid, mode, rules } from './settings';
import type { Rounded } from './weights';

const unsigned = (site: ActivationSite): Grid => ({
  ...activationRange(activationBits(site)),
  mode: mode.affine,
});

const settingsOf = ({ settings }: ActivationState) => settings as unknown as Tensor1D;

/** A range that is followed by an observer. */
const observedBy = (
  observe: ActivationQuantizer['observe'] & {},
  dependsOnBits: boolean,
): ActivationQuantizer => ({
  grid: unsigned,
  rule: rules.clip,
  freshObserver,
  observe,
  params: (state) => activationParams(state.observer, settingsOf(state)),
  dependsOnBits,
});

/** Scale and zero point from learned values. */
const learnedBy = (
  rule: number,
  dependsOnBits: boolean,
  learned: ActivationQuantizer['learned'] & {},
): ActivationQuantizer => ({
  grid: unsigned,
  rule,
  freshObserver,
  params: (state) => learnedParams(state.learned!, settingsOf(state)),
  dependsOnBits,
  learned,
});

/** A scale for each example or token, from its own values. */
const foundByRow = (grid: ActivationQuantizer['grid']): ActivationQuantizer => ({
  grid,
  rule: rules.clip,
  freshObserver,
  // One column, whatever the length of the settings.
  params: (state) => unitParams(tf.reshape(settingsOf(state), [-1, 1])),
  dynamic: true,
  dependsOnBits: false,
});

/** 1 where a value is below 0: the grid then has as many levels on either side. 0 at 1 bit, whose grid is {0, max}. */
const isSigned = (values: Tensor, site: ActivationSite): Tensor =>
  activationBits(site) === 1 ? tf.scalar(0) : tf.cast(tf.less(tf.min(values), 0), 'float32');

/** Step 2 mean|x| / sqrt(Qp) (Esser et al. 2020) and zero point: 0, or 2^(n-1) where values are signed. */
const initialStep = (values: Tensor, site: ActivationSite): Tensor1D => {
  const { qmax } = unsigned(site);
  const zeroPoint = tf.mul(isSigned(values, site), (qmax + 1) / 2);
  const step = tf.div(tf.mul(tf.mean(tf.abs(values)), 2), tf.sqrt(tf.sub(qmax, zeroPoint)));
  return tf.stack([step as Scalar, zeroPoint as Scalar]) as Tensor1D;
};

/** Step and offset that span the values, 0 among them (Bhalgat et al. 2020). */
const initialStepAndOffset = (values: Tensor, site: ActivationSite): Tensor1D => {
  const { qmin, qmax } = unsigned(site);
  const low = tf.mul(tf.minimum(tf.min(values), 0), Number(activationBits(site) > 1));
  const step = tf.div(tf.sub(tf.maximum(tf.max(values), 0), low), qmax - qmin);
  return tf.stack([step as Scalar, tf.sub(low, tf.mul(step, qmin)) as Scalar]) as Tensor1D;
};

/** PACT's clip before anything was trained (Choi et al. 2018 start between 6 and 10). */
const freshClip = 6;

export const activationQuantizers: Record<ActivationQuantizerKind, ActivationQuantizer> = {
  ema: observedBy(observeMinMax, false),
  percentile: observedBy(observePercentile, false),
  mse: observedBy(observeMse, true),
  lsq: learnedBy(rules.lsq, true, { least: [smallestScale, 0], initial: initialStep, rate: 0.3 }),
  lsqplus: learnedBy(rules.lsqPlus, true, {
    least: [smallestScale, Number.NEGATIVE_INFINITY],
    initial: initialStepAndOffset,
    rate: 0.3,
  }),
  pact: learnedBy(rules.pact, false, {
    least: [smallestScale],
    initial: (values, _site, fresh) =>
      fresh ? tf.tensor1d([freshClip]) : tf.reshape(tf.maximum(tf.max(values), smallestScale), [1]),
    rate: 3,
  }),
  dorefa: {
    grid: unsigned,
    rule: rules.closed,
    // The clip, which is always 1.
    freshObserver: () => Float32Array.of(1, 0, 1, 0),
    params: (state) => learnedParams(state.observer, settingsOf(state)),
    dependsOnBits: false,
  },
  dynamic: foundByRow(unsigned),
  dynamicAbsmax: foundByRow((site) => ({ ...weightRange(activationBits(site)), mode: mode.affine })),
  e4m3: floatActivations('e4m3'),
  e5m2: floatActivations('e5m2'),
  e2m1: floatActivations('e2m1'),
};

/** [4, 1]: the params of a site's present state. */
export const activationParamsOf = (site: ActivationSite, state: ActivationState): Tensor2D =>
  activationQuantizers[site.quantizer].params(state);

/**
 * Rounds activations at a site.
 * @param clock of stochastic rounding, negative to round to nearest
 * @param params of the state, where they are at hand
 * @returns integer-valued floats q - zero point, and their params [4, 1]; with dynamic quantizers the numbers meant, and
 *   params 1, 1, 0, 0
 */
export function roundActivations(
  values: Tensor,
  site: ActivationSite,
  state: ActivationState,
  clock: Tensor,
  params: Tensor2D = activationParamsOf(site, state),
): Rounded {
  const quantizer = activationQuantizers[site.quantizer];
  const settings = settingsOf(state);
  if (quantizer.dynamic) {
    const own = rowParams(values, settings);
    return { values: quantizeRows(values, own, settings), params, own };
  }
  if (quantizer.quantize)
    return { params, values: quantizer.quantize(values, params, site, settings, clock) };
  const plain = quantizer.rule === rules.clip && site.estimator === 'ste' && site.rounding === 'even';
  return {
    params,
    values: plain
      ? quantize(values, params, settings)
      : quantizeByRule(values, params, settings, clock, state.learned),
  };
}

/** Makes a site's observer or learned values anew from these activations. @param fresh nothing was trained yet */
export function initialiseActivations(
  values: Tensor,
  site: ActivationSite,
  state: ActivationState,
  fresh: boolean,
): void {
  const quantizer = activationQuantizers[site.quantizer];
  tf.tidy(() => {
    state.observer.assign(tf.tensor1d(quantizer.freshObserver()));
    if (quantizer.learned) state.learned!.assign(quantizer.learned.initial(values, site, fresh));
    else quantizer.observe?.(values, state.observer, settingsOf(state));
  });
}

/** Takes a batch of activations into a site's observer, if it has one. */
export function observeActivations(values: Tensor, site: ActivationSite, state: ActivationState): void {
  activationQuantizers[site.quantizer].observe?.(values, state.observer, settingsOf(state));
}
