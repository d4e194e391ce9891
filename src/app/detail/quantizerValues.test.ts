/** What a quantizer works with, against its definition on known values; the layer view's gradient against the kernels. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Estimator, estimators, type WeightQuantizerKind, weightSite } from '@/catalog/quantizers';
import { startBackend } from '@/kernels/testing/node';
import { weightSettings } from '@/quant/settings';
import { roundWeights, weightQuantizers } from '@/quant/weights';
import { gridOf } from '@/session/grid';
import { activationParameters, weightParameters } from '@/session/parameters';
import { type Grid, gradientAt } from './grid';

beforeAll(() => startBackend('cpu'));

const weights = Array.from({ length: 64 }, (_, i) => Math.sin(i * 1.7) * (0.2 + (i % 9) / 9));
const meanAbs = weights.reduce((sum, w) => sum + Math.abs(w), 0) / weights.length;
const largest = Math.max(...weights.map(Math.abs));

/** One scale for all of the weights above, at 3 bits. */
function siteOf(quantizer: WeightQuantizerKind, estimator: Estimator = 'ste') {
  const site = { ...weightSite(3), quantizer, estimator, granularity: 'tensor' as const };
  const kind = weightQuantizers[quantizer];
  const w = tf.tensor2d(weights, [weights.length, 1]);
  const settings = tf.variable(tf.tensor1d(weightSettings(site, kind, w.shape, 1)), false);
  const learned = kind.learned && tf.variable(kind.learned.initial(w, site));
  const state = { settings, ...(learned ? { learned } : {}) };
  const round = (x: tf.Tensor) => roundWeights(x, site, state, tf.tensor1d([-1]));
  const params = round(w).params.dataSync();
  const [qmin = 0, qmax = 0] = settings.dataSync();
  const seen = { scale: params[0]!, inverse: params[1]!, zeroPoint: params[2]!, qmin, qmax };
  return { w, round, seen, settings: settings.dataSync() as Float32Array };
}
const parametersOf = (kind: WeightQuantizerKind) => weightParameters(kind, siteOf(kind).seen, false);

describe('the values of a quantizer', () => {
  test('the last level of abs-max is the largest weight', () => {
    expect(parametersOf('absmax').clip).toBeCloseTo(largest, 6);
    expect(parametersOf('absmax').step).toBeCloseTo(largest / 3, 6);
  });
  test('TWN’s threshold is 0.7 times the mean magnitude, its level the mean of those above', () => {
    const { threshold, level } = parametersOf('twn');
    const above = weights.map(Math.abs).filter((w) => w > 0.7 * meanAbs);
    expect(threshold).toBeCloseTo(0.7 * meanAbs, 5);
    expect(level).toBeCloseTo(above.reduce((sum, w) => sum + w, 0) / above.length, 5);
  });
  test('BitNet’s level is the mean magnitude, half of which is its threshold', () => {
    expect(parametersOf('bitnet').level).toBeCloseTo(meanAbs, 5);
    expect(parametersOf('bitnet').threshold).toBeCloseTo(meanAbs / 2, 4);
  });
  test('DoReFa divides by the largest tanh', () => {
    expect(parametersOf('dorefa').largest).toBeCloseTo(Math.tanh(largest), 5);
  });
  test('LSQ starts at 2 mean|w| / sqrt(Qp)', () => {
    expect(parametersOf('lsq').step).toBeCloseTo((2 * meanAbs) / Math.sqrt(3), 5);
  });
  test('a float format’s clip is its largest value times the scale', () => {
    expect(parametersOf('e2m1').clip).toBeCloseTo(largest, 5);
  });
  test('one bit is a level alone', () => {
    const seen = { scale: 0.4, inverse: 2.5, zeroPoint: 0, qmin: -1, qmax: 1 };
    expect(weightParameters('absmax', seen, true)).toEqual({ level: 0.4 });
  });
  test('of activations the ends of the range, the offset and the clip', () => {
    const seen = { scale: 0.5, inverse: 2, zeroPoint: 3, qmin: 0, qmax: 15 };
    expect(activationParameters('ema', seen)).toEqual({ low: -1.5, high: 6 });
    expect(activationParameters('lsqplus', seen)).toEqual({ step: 0.5, offset: -1.5 });
    expect(activationParameters('pact', { ...seen, zeroPoint: 0 })).toEqual({ clip: 7.5 });
  });
});

const passes = {
  absmax: 'unclamped',
  mse: 'unclamped',
  lsq: 'inside',
  twn: 'everywhere',
  bitnet: 'everywhere',
} as const satisfies Partial<Record<WeightQuantizerKind, Grid['passes']>>;

describe.each(Object.keys(passes) as (keyof typeof passes)[])('the gradient drawn for %s', (quantizer) => {
  test.each(Object.keys(estimators) as Estimator[])('with %s is the kernel’s', (estimator) => {
    const { w, round, seen, settings } = siteOf(quantizer, estimator);
    const { qmin, qmax, bits, spacing } = gridOf(settings, undefined);
    const grid: Grid = { ...seen, qmin, qmax, bits, spacing, estimator, passes: passes[quantizer] };
    for (const upstream of [1, -1] as const) {
      const dq = tf.fill(w.shape, upstream * seen.scale);
      const gradient = tf
        .grad((x: tf.Tensor) => round(x).values)(w, dq)
        .dataSync();
      weights.forEach((x, i) => {
        expect(gradientAt(grid, x, upstream), `at ${x}`).toBeCloseTo(upstream * gradient[i]!, 4);
      });
    }
  });
});
