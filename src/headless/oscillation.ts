/**
 * The table of docs/quantizers/oscillation.md: runs in which damping or freezing is chosen after a part of the way, beside
 * the same runs left free.
 */
import type { Bits } from '@/catalog/bits';
import { type Oscillation, oscillations, type WeightQuantizerKind } from '@/catalog/quantizers';
import { makeDataset } from '@/data';
import { recordEdit } from '@/experiment/changes';
import { encodeLink } from '@/experiment/link';
import { layerNames } from '@/experiment/network';
import { defaultExperiment, experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { type Report, runExperiment } from './experiment';
import { cell, withSites } from './sums';

interface Setup {
  name: string;
  experiment: Experiment;
  /** When the choice is made, and when the run ends. */
  choice: number;
  steps: number;
}

const at = (experiment: Experiment, bits: Bits, quantizer: WeightQuantizerKind, activationBits: Bits) =>
  withSites(experiment, ({ last }) => ({
    weights: { bits, quantizer },
    activations: { bits: last ? 32 : activationBits },
  }));

function setups(): Setup[] {
  const spirals: Experiment = { ...defaultExperiment, layers: networkPresets.smallMlp.layers };
  const digits = experimentFor({
    kind: 'digits',
    samples: 5000,
    noise: 0.3,
    testShare: 0.2,
    validationShare: 0,
  });
  const toy = (name: string, bits: Bits, quantizer: WeightQuantizerKind): Setup => ({
    name,
    experiment: at(spirals, bits, quantizer, bits),
    choice: 3000,
    steps: 5000,
  });
  const cnn = (bits: Bits): Setup => ({
    name: `digits CNN, LSQ W${bits} A4`,
    experiment: at(digits, bits, 'lsq', 4),
    choice: 600,
    steps: 1200,
  });
  return [
    toy('spiral MLP, abs-max W4 A4', 4, 'absmax'),
    toy('spiral MLP, LSQ W3 A3', 3, 'lsq'),
    ...([4, 3, 2] as const).map(cnn),
  ];
}

/** The choice made for all layers at a step. */
const chosen = ({ experiment, choice }: Setup, value: Oscillation): Experiment =>
  value === 'free'
    ? experiment
    : layerNames(experiment.layers)
        .filter((_, index) => 'weights' in experiment.layers[index]!)
        .reduce(
          (changed, layer) =>
            recordEdit(
              changed,
              { kind: 'quantizer', layer, site: 'weights', setting: 'oscillation', value },
              choice,
            ),
          experiment,
        );

/** A share of all watched weights. */
function shareOf({ layers }: Report, name: 'share' | 'frozen'): number {
  const watched = layers.flatMap(({ oscillation, parameters }) =>
    oscillation ? [{ value: oscillation[name], parameters }] : [],
  );
  const all = watched.reduce((sum, { parameters }) => sum + parameters, 0);
  return watched.reduce((sum, { value, parameters }) => sum + value * parameters, 0) / all;
}

/** Prints the table as Markdown, means over the seeds. @param only of the rows whose name contains it */
export async function printOscillation(seeds: readonly number[], only: string): Promise<void> {
  console.log('| | | QAT % | oscillating % | frozen % | experiment |\n|---|---|---|---|---|---|');
  for (const setup of setups().filter(({ name }) => name.includes(only)))
    for (const value of Object.keys(oscillations) as Oscillation[]) {
      const experiment = chosen(setup, value);
      const { dataset, stop } = experiment;
      if (dataset.kind === 'own') throw new Error('The table is of generated data.');
      const reports: Report[] = [];
      for (const seed of seeds)
        reports.push(
          await runExperiment({ ...experiment, seed }, makeDataset(dataset, seed), setup.steps, () => {}),
        );
      const link = encodeLink({ ...experiment, seed: seeds[0]!, stop: { ...stop, steps: setup.steps } });
      const cells = [
        reports.map(({ qat }) => qat.accuracy),
        reports.map((report) => shareOf(report, 'share')),
        reports.map((report) => shareOf(report, 'frozen')),
      ].map(cell);
      console.log(`| ${setup.name} | ${oscillations[value].label} | ${cells.join(' | ')} | \`#${link}\` |`);
    }
}
