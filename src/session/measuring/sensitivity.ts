/**
 * How much the loss minds the rounding of each layer, measured (one layer rounded at a time, the rest of the float twin
 * as it is) and estimated: half the mean Hessian trace of the layer's weights times their squared rounding error (HAWQ-V2,
 * Dong et al. 2020; ./hessianTrace.ts).
 */
import type { Bits } from '@/catalog/bits';
import { siteAt } from '@/catalog/layers';
import { fitBits, quantizerAt, siteBits, type TensorKind } from '@/catalog/quantizers';
import type { Dataset, Split } from '@/data/dataset';
import type { ResolvedLayer } from '@/experiment/network';
import { spearman } from '@/experiment/statistics';
import { copiedVariables, disposeVariables, type NetworkVariables } from '@/model/variables';
import { range } from '../batches';
import { hessianTrace } from './hessianTrace';
import { comparedBits, type Going, type LayerSensitivity, type Rise, type Sensitivity } from './measurement';
import { ownSites, type Probed, Prober } from './prober';

/** Widths that are tried. */
export const triedBits = [8, 6, 5, 4, 3, 2, 1] as const satisfies readonly Bits[];
const mostExamples = 600;
const fewestExamples = 50;

/** Examples to judge by: validation, or where there is none, training examples after those that ranges are found on. */
function judged({ train, validation }: Dataset): { part: Sensitivity['part']; split: Split; rows: number[] } {
  if (validation.count >= fewestExamples)
    return {
      part: 'validation',
      split: validation,
      rows: range(0, Math.min(mostExamples, validation.count)),
    };
  const count = Math.min(mostExamples, train.count);
  return { part: 'train', split: train, rows: range(train.count - count, train.count) };
}

/** Whether a width makes a site what it says: quantizers of fixed width have but that one. */
const hasWidth = (layer: ResolvedLayer, kind: TensorKind, bits: Bits): boolean =>
  ownSites(layer, kind).every((name) => fitBits(quantizerAt(name, siteAt(layer.spec, name)!), bits) === bits);

/** Kinds of a layer's sites that are measured: logits stay accumulators unless they were set to round. */
const measuredKinds = (layer: ResolvedLayer): TensorKind[] => {
  const output = siteAt(layer.spec, 'activations');
  const isLogits = layer.last && output && siteBits('activations', output) === 32;
  return (['weights', 'activations'] as const).filter(
    (kind) => ownSites(layer, kind).length > 0 && !(kind === 'activations' && isLogits),
  );
};

/** Estimates need one tensor of weights. */
const hasEstimate = (layer: ResolvedLayer): boolean =>
  siteAt(layer.spec, 'weights') !== undefined && ownSites(layer, 'weights').length === 1;

/** What half the trace times the squared error of each width that was measured predicts. */
async function estimate(
  prober: Prober,
  layer: ResolvedLayer,
  copies: NetworkVariables,
  measured: readonly Rise[] = [],
): Promise<Pick<LayerSensitivity, 'trace' | 'traceError' | 'estimated'>> {
  const { mean, error } = await hessianTrace(prober, layer, copies);
  const estimated: { bits: Bits; loss: number }[] = [];
  for (const { bits } of measured)
    estimated.push({ bits, loss: 0.5 * mean * (await prober.weightError(layer, bits)) });
  return { trace: mean, traceError: error, estimated };
}

/** How well the estimates order the layers, where there are enough of them. */
function agreement(layers: readonly LayerSensitivity[]): number | undefined {
  const compared = layers.flatMap(({ weights, estimated }) => {
    const [m, e] = [weights, estimated].map((list) => list?.find(({ bits }) => bits === comparedBits)?.loss);
    return m === undefined || e === undefined ? [] : [[m, e] as const];
  });
  return spearman(
    compared.map(([m]) => m),
    compared.map(([, e]) => e),
  );
}

/** @returns undefined where `going` stopped it */
export async function measureSensitivity(probed: Probed, going: Going): Promise<Sensitivity | undefined> {
  const { part, split, rows } = judged(probed.dataset);
  const prober = new Prober(probed, split, rows);
  const copies = copiedVariables(probed.variables, true);
  try {
    const base = await prober.score();
    const rise = (score: Omit<Rise, 'bits'>) => ({
      loss: score.loss - base.loss,
      accuracy: base.accuracy - score.accuracy,
    });
    const layers = prober.plan.layers.filter(({ sites }) => sites.length > 0);
    const result: LayerSensitivity[] = [];
    for (const layer of layers) {
      if (!(await going(result.length, layers.length))) return undefined;
      const measured: LayerSensitivity = {
        name: layer.name,
        present: rise(await prober.scoreOnly(layer, 'both')),
      };
      for (const kind of measuredKinds(layer)) {
        const rises: Rise[] = [];
        for (const bits of triedBits.filter((width) => hasWidth(layer, kind, width))) {
          rises.push({ bits, ...rise(await prober.scoreOnly(layer, kind, bits)) });
          if (!(await going(result.length, layers.length))) return undefined;
        }
        measured[kind] = rises;
      }
      if (hasEstimate(layer))
        Object.assign(measured, await estimate(prober, layer, copies, measured.weights));
      result.push(measured);
    }
    const rank = agreement(result);
    return {
      step: probed.step,
      part,
      examples: rows.length,
      ...base,
      layers: result,
      ...(rank === undefined ? {} : { spearman: rank }),
    };
  } finally {
    disposeVariables(copies);
    prober.dispose();
  }
}
