/**
 * The tables of the other networks: GRU, transformer, mini-ResNet and depthwise CNN on digits, and the character transformer
 * on two-digit sums. The first part is trained in float, the rest at the width; the learning rate falls at the end.
 */
import { datasetInfo } from '@/catalog/datasets';
import { hasBatchNorm, siteAt, sitesOf, withSite } from '@/catalog/layers';
import { makeDataset } from '@/data';
import { experimentFor, type NetworkPresetName, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { type SiteRule, withSites } from '../sums';
import { after, float, mixed, type Row, slowerFrom, type Table, uniform } from './rows';

/** How a network is trained: epochs in all, and where in them. */
interface Recipe {
  epochs: number;
  /** When the widths come into force. */
  width: number;
  /** When the learning rate falls to a tenth. */
  slower: number;
}

/** The experiment with its bits after a float start, and a tenth of the learning rate at the end. */
function trained(experiment: Experiment, stepsPerEpoch: number, { width, slower }: Recipe): Experiment {
  return slowerFrom(slower * stepsPerEpoch, after(width * stepsPerEpoch, experiment));
}

/** Sites that a preset leaves float stay so: an attention's scores, which are accumulators, and the logits. */
const keepFloat = (preset: Experiment, experiment: Experiment): Experiment => ({
  ...experiment,
  layers: experiment.layers.map((spec, index) =>
    sitesOf(spec).reduce((kept, name) => {
      const own = siteAt(preset.layers[index]!, name)!;
      return own.bits === float ? withSite(kept, name, own as never) : kept;
    }, spec),
  ),
});

const rowsOf = (
  base: Experiment,
  stepsPerEpoch: number,
  recipe: Recipe,
  rules: Record<string, SiteRule>,
): Row[] =>
  Object.entries(rules).map(([name, rule]) => ({
    name,
    experiment: trained(keepFloat(base, withSites(base, rule)), stepsPerEpoch, recipe),
    steps: recipe.epochs * stepsPerEpoch,
  }));

/** Min-max is enough at 8 bits and shown at 4; LSQ at 4 and, with the first and last weights at 8, at 2. */
const widths: Record<string, SiteRule> = {
  'min-max W8A8': uniform(8, 'absmax', 'ema'),
  'min-max W4A4': uniform(4, 'absmax', 'ema'),
  'LSQ W4A4': uniform(4, 'lsq', 'lsq'),
  'LSQ W2A2, ends W8': uniform(2, 'lsq', 'lsq', 8),
};
const onDigits = ['gru', 'lstm', 'transformer', 'resnet', 'depthwise'] as const satisfies NetworkPresetName[];
export type DigitsNetwork = (typeof onDigits)[number];
export const digitsNetworks: readonly DigitsNetwork[] = onDigits;

const digitsRecipe: Recipe = { epochs: 8, width: 3, slower: 5 };
/** Its float twin needs longer at the high rate. */
const depthwiseRecipe: Recipe = { epochs: 13, width: 9, slower: 9 };
/** Batch norm bears a higher rate, and needs it where epochs are few. */
const normedRate = 0.01;

/** Rows of one network on digits. */
export function networkRows(network: DigitsNetwork, base: Experiment, stepsPerEpoch: number): Row[] {
  const { layers } = networkPresets[network];
  const { optimizer } = base;
  const learningRate = hasBatchNorm(layers) ? normedRate : optimizer.learningRate;
  const experiment = { ...base, layers, optimizer: { ...optimizer, learningRate } };
  const recipe = network === 'depthwise' ? depthwiseRecipe : digitsRecipe;
  return rowsOf(experiment, stepsPerEpoch, recipe, widths);
}

const additionWidths: Record<string, SiteRule> = {
  'min-max W8A8': uniform(8, 'absmax', 'ema'),
  'min-max W4A8': mixed(4, 8, 'absmax', 'ema'),
  'LSQ W4A8': mixed(4, 8, 'lsq', 'lsq'),
  'LSQ W4A4': uniform(4, 'lsq', 'lsq'),
};
const additionRecipe: Recipe = { epochs: 12, width: 6, slower: 9 };

/** Sums of two numbers below 100; an answer counts where all of its digits are right. */
export function additionTable(): Table {
  const base = experimentFor({ kind: 'addition', samples: 10_000, testShare: 0.2, validationShare: 0 });
  const { dataset, batchSize } = base;
  if (dataset.kind === 'own') throw new Error('Sums are generated.');
  const stepsPerEpoch = Math.floor(datasetInfo(dataset).train / batchSize);
  return {
    rows: rowsOf(base, stepsPerEpoch, additionRecipe, additionWidths),
    seeds: 3,
    dataset: (seed) => makeDataset(dataset, seed),
  };
}
