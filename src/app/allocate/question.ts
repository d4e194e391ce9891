/** What the Allocate tab asks of the allocator, and what it shows of the answer. */
import { create } from 'zustand';
import type { Bits } from '@/catalog/bits';
import { siteAt, sitesOf } from '@/catalog/layers';
import { siteBits, tensorKindOf } from '@/catalog/quantizers';
import { type Allocation, allocate, type LayerChoices } from '@/experiment/allocate';
import { type AllocationQuestion, allocated, editsFor } from '@/experiment/allocation';
import { layerNames } from '@/experiment/network';
import type { Edit, Experiment } from '@/experiment/schema';
import { modelSize } from '@/experiment/size';
import { spearman } from '@/experiment/statistics';
import { comparedBits, type LayerSensitivity } from '@/session/measuring/measurement';

export const budgets = {
  bytes: {
    label: 'Model size',
    help: 'The bits that do least harm, in a packed model of at most so many bytes; 100 % is the model with 8 bits everywhere.',
  },
  bops: {
    label: 'Bit operations',
    help: 'The bits of weights and outputs that do least harm, at most so many bit operations; 100 % is 8 bits everywhere.',
  },
  accuracy: {
    label: 'Accuracy drop',
    help: 'The smallest model whose layers, each rounded alone, lose together at most so many points of accuracy.',
  },
} as const;
export type BudgetKind = keyof typeof budgets;

export const sources = {
  both: {
    label: 'measured and estimated loss',
    help: 'The mean of what was measured and what the Hessian trace estimates: where a layer does so little that measuring finds noise, the estimate still tells more bits from fewer.',
  },
  loss: {
    label: 'measured loss',
    help: 'By how much the loss rises when the layer alone is rounded.',
  },
  accuracy: {
    label: 'measured accuracy',
    help: 'By how much accuracy falls when the layer alone is rounded: coarser than the loss, which moves before any answer does.',
  },
  hessian: {
    label: 'Hessian trace',
    help: 'Half the mean Hessian trace of the weights times their squared rounding error (HAWQ-V2): needs no rounded network at all.',
  },
} as const;
export type SourceKind = keyof typeof sources;

export interface AllocationForm {
  budget: BudgetKind;
  /** Of the cost at 8 bits everywhere. */
  percent: number;
  /** Points of accuracy. */
  drop: number;
  source: SourceKind;
  keepEnds: boolean;
  /** The width that the bars are drawn for. */
  shown: Bits;
}
/** Kept while other tabs are open. */
export const useAllocationForm = create<AllocationForm>()(() => ({
  budget: 'bytes',
  percent: 50,
  drop: 2,
  source: 'both',
  keepEnds: false,
  shown: comparedBits,
}));
export const mostDrop = 10;

type Eight = { bytes: number; bops: number };

export function questionOf(form: AllocationForm, eight: Eight): AllocationQuestion {
  const { budget, keepEnds } = form;
  if (budget === 'accuracy')
    return { budget: { kind: 'harm', most: form.drop / 100, cost: 'bytes' }, keepEnds, source: 'accuracy' };
  const most = Math.floor((form.percent / 100) * eight[budget]);
  return { budget: { kind: budget, most }, keepEnds, source: form.source };
}

/** The least that the budget can be, in percent of 8 bits everywhere: every layer at its cheapest. */
export function leastPercent(
  choices: readonly LayerChoices[],
  input: Bits,
  fixed: number,
  budget: 'bytes' | 'bops',
  eight: Eight,
): number {
  const cheapest = allocate(
    choices,
    input,
    { kind: 'harm', most: Number.POSITIVE_INFINITY, cost: budget },
    fixed,
  );
  return cheapest ? Math.min(100, Math.ceil((100 * cheapest[budget]) / eight[budget])) : 100;
}

/** One line of the table. */
export interface AllocationRow {
  name: string;
  weights: { now: Bits; next: Bits } | undefined;
  activations: { now: Bits; next: Bits };
  bytes: { now: number; next: number };
  /** What the allocator counts with for the layer. */
  harm: number;
}

const widthAt = (experiment: Experiment, name: string, kind: 'weights' | 'activations'): Bits | undefined => {
  const spec = experiment.layers[layerNames(experiment.layers).indexOf(name)]!;
  const own = sitesOf(spec).filter((site) => tensorKindOf(site) === kind);
  const site = own.find((each) => each === kind) ?? own[0];
  return site && siteBits(site, siteAt(spec, site)!);
};

export function rowsOf(
  settings: Experiment,
  choices: readonly LayerChoices[],
  allocation: Allocation | undefined,
): AllocationRow[] {
  const after = allocation ? allocated(settings, allocation) : settings;
  const [now, later] = [modelSize(settings), modelSize(after)];
  const total = (size: typeof now, name: string) =>
    size.layers.find((layer) => layer.name === name)?.total ?? 0;
  return choices.map(({ name, weights, activations }) => {
    const chosen = allocation?.layers.find((layer) => layer.name === name);
    const harm = (list: LayerChoices['weights'], bits: Bits | undefined) =>
      list.find((choice) => choice.bits === bits)?.harm ?? 0;
    const present = widthAt(settings, name, 'weights');
    return {
      name,
      weights: present === undefined ? undefined : { now: present, next: widthAt(after, name, 'weights')! },
      activations: {
        now: widthAt(settings, name, 'activations') ?? 32,
        next: widthAt(after, name, 'activations') ?? 32,
      },
      bytes: { now: total(now, name), next: total(later, name) },
      harm: harm(weights, chosen?.weights) + harm(activations, chosen?.activations),
    };
  });
}

/** What takes an allocation back: the widths of now at the sites that it changes. */
export function inverseOf(settings: Experiment, allocation: Allocation): Edit[] {
  const names = layerNames(settings.layers);
  return editsFor(settings, allocation).flatMap((edit): Edit[] => {
    if (edit.kind !== 'bits') return [];
    const site = siteAt(settings.layers[names.indexOf(edit.layer)]!, edit.site)!;
    return [{ ...edit, bits: siteBits(edit.site, site) }];
  });
}

/** Measured and estimated rises of the loss at a width, where a layer has both or one. */
export function risesAt(layers: readonly LayerSensitivity[], bits: Bits) {
  return layers.map(({ name, weights, estimated }) => ({
    name,
    measured: weights?.find((rise) => rise.bits === bits),
    estimated: estimated?.find((rise) => rise.bits === bits)?.loss,
  }));
}

/** Rank correlation over the layers that have both. */
export function correlationAt(layers: readonly LayerSensitivity[], bits: Bits): number | undefined {
  const both = risesAt(layers, bits).flatMap(({ measured, estimated }) =>
    measured && estimated !== undefined ? [[measured.loss, estimated] as const] : [],
  );
  return spearman(
    both.map(([measured]) => measured),
    both.map(([, estimated]) => estimated),
  );
}
