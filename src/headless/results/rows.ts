/** Rows of the tables: an experiment each, and rules for the bits of all its sites. */
import type { Bits } from '@/catalog/bits';
import { siteAt, sitesOf } from '@/catalog/layers';
import type { ActivationQuantizerKind, WeightQuantizerKind } from '@/catalog/quantizers';
import type { Dataset } from '@/data/dataset';
import { recordEdit } from '@/experiment/changes';
import { layerNames } from '@/experiment/network';
import type { Edit, Experiment } from '@/experiment/schema';
import { type SiteRule, withSites } from '../sums';

/** One row: what it is called, the experiment for any seed, and what a reference says. */
export interface Row {
  name: string;
  experiment: Experiment;
  /** Steps to run. */
  steps: number;
  /** PyTorch's figure, where facts about one exist. */
  reference?: string;
}

export interface Table {
  rows: readonly Row[];
  /** Seeds where none are asked for. */
  seeds: number;
  dataset(seed: number): Dataset;
}

export const float: Bits = 32;

/** The edits that turn one experiment's sites into another's. */
function editsBetween(from: Experiment, to: Experiment): Edit[] {
  const names = layerNames(from.layers);
  const edits: Edit[] = [];
  if (from.input.bits !== to.input.bits)
    edits.push({ kind: 'bits', layer: 'input', site: 'activations', bits: to.input.bits });
  from.layers.forEach((spec, index) => {
    const target = to.layers[index];
    const layer = names[index];
    if (!target || !layer) return;
    for (const site of sitesOf(spec)) {
      const [before, wanted] = [siteAt(spec, site)!, siteAt(target, site)!];
      for (const [setting, value] of Object.entries(wanted))
        if (setting !== 'bits' && (before as Record<string, unknown>)[setting] !== value)
          edits.push({ kind: 'quantizer', layer, site, setting, value: String(value) });
      if (before.bits !== wanted.bits) edits.push({ kind: 'bits', layer, site, bits: wanted.bits });
    }
  });
  return edits;
}

/**
 * Trains in float first: the sites of `experiment` come into force after `step` steps. Up to there all that differ in their
 * sites are the same run.
 */
export function after(step: number, experiment: Experiment): Experiment {
  const start = withSites({ ...experiment, input: { ...experiment.input, bits: float } }, () => ({
    weights: { bits: float, quantizer: 'absmax' },
    activations: { bits: float, quantizer: 'ema' },
  }));
  return editsBetween(start, experiment).reduce((e, edit) => recordEdit(e, edit, step), start);
}

/** A tenth of the learning rate from `step` on. */
export function slowerFrom(step: number, experiment: Experiment): Experiment {
  const value = Number((experiment.optimizer.learningRate / 10).toPrecision(6));
  return recordEdit(experiment, { kind: 'learningRate', value }, step);
}

/** Weights and hidden outputs at widths of their own; the logits stay accumulators. */
export const mixed =
  (
    weightBits: Bits,
    activationBits: Bits,
    weights: WeightQuantizerKind,
    activations: ActivationQuantizerKind,
    ends: Bits = weightBits,
  ): SiteRule =>
  ({ end, last }) => ({
    weights: { bits: end ? ends : weightBits, quantizer: weights },
    activations: { bits: last ? float : activationBits, quantizer: activations },
  });

/** Both at the same width. */
export const uniform = (
  bits: Bits,
  weights: WeightQuantizerKind,
  activations: ActivationQuantizerKind,
  ends: Bits = bits,
): SiteRule => mixed(bits, bits, weights, activations, ends);
