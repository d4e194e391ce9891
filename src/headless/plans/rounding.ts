/** Post-training rounding of one float network: to nearest, with biases corrected, and learned (AdaRound). */
import type { Bits } from '@/catalog/bits';
import { defaultPtq, type PtqSettings } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { Stepper } from '@/session/stepper';
import { Trainer } from '@/session/trainer';
import { mixed, slowerFrom } from '../results/rows';
import { cell, withSites } from '../sums';
import {
  baseOf,
  chosen,
  gain,
  Kept,
  type NetworkName,
  networks,
  type Options,
  Runs,
  Sheet,
  scores,
} from './runs';

const steps = 400;
const slower = 300;
const widths = [4, 3, 2] as const satisfies readonly Bits[];
const ways = {
  nearest: {},
  corrected: { correct: true },
  adaround: { round: true },
} as const satisfies Record<string, Partial<PtqSettings>>;
type Way = keyof typeof ways;

function experimentOf(network: NetworkName, bits: Bits, way: Way): Experiment {
  return {
    ...slowerFrom(slower, withSites(baseOf(network), mixed(bits, 8, 'absmax', 'ema'))),
    ptq: { ...defaultPtq, ...ways[way] },
  };
}

/** Accuracies of a seed: float, and each way at each width, by "4 nearest". */
async function measured(network: NetworkName, seed: number, runs: Runs): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const first = runs.seeded(experimentOf(network, 4, 'nearest'), steps);
  const trained = new Trainer(first, runs.dataset);
  await new Stepper(trained, () => first.changes, true, ['float']).burst(Number.POSITIVE_INFINITY, steps);
  const checkpoint = await trained.checkpoint();
  found.float = (await scores(trained, ['float'])).float;
  trained.dispose();
  for (const bits of widths)
    for (const way of Object.keys(ways) as Way[]) {
      const run = runs.seeded(experimentOf(network, bits, way), steps);
      const trainer = new Trainer(run, runs.dataset);
      await trainer.restore(run, checkpoint);
      await trainer.calibrate(true);
      found[`${bits} ${way}`] = (await scores(trainer, ['ptq'])).ptq;
      trainer.dispose();
    }
  console.error(`${networks[network].label}, seed ${seed}: ${JSON.stringify(found)}`);
  return found;
}

export async function adaround(options: Options): Promise<void> {
  const kept = new Kept(options.keep);
  const columns = [
    'network',
    'float %',
    'bits',
    'nearest %',
    'biases corrected %',
    'AdaRound %',
    'AdaRound over nearest, points',
  ];
  const sheet = new Sheet(columns);
  for (const network of chosen(options, ['lenet', 'depthwise', 'cnn'])) {
    const found: Record<string, number>[] = [];
    for (const seed of options.seeds) {
      const runs = new Runs(baseOf(network), seed, kept);
      const first = runs.seeded(experimentOf(network, 4, 'nearest'), steps);
      found.push(await kept.of(`rounding of ${JSON.stringify(first)}`, () => measured(network, seed, runs)));
    }
    const of = (key: string) => found.map((one) => one[key]!);
    for (const bits of widths) {
      const name = `${networks[network].label} W${bits}A8`;
      const [nearest, corrected, learned] = (Object.keys(ways) as Way[]).map((way) => of(`${bits} ${way}`));
      sheet.add(
        [
          networks[network].label,
          cell(of('float')),
          `W${bits}A8`,
          cell(nearest!),
          cell(corrected!),
          cell(learned!),
          gain(learned!, nearest!),
        ],
        `${name}, AdaRound`,
        { ...experimentOf(network, bits, 'adaround'), seed: options.seeds[0]!, stop: { steps } },
      );
    }
  }
  sheet.print();
}
