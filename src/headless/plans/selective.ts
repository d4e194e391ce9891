/**
 * Bits allocated by sensitivity against uniform ones after the same training, under a budget of bytes (weights; outputs at 8
 * bits) and of BOPs (weights and outputs); and how alike measured and estimated sensitivities rank the layers.
 */
import type { Bits } from '@/catalog/bits';
import type { Cost } from '@/experiment/allocate';
import { allocated, allocationFor } from '@/experiment/allocation';
import type { Experiment } from '@/experiment/schema';
import { modelSize } from '@/experiment/size';
import { spearman } from '@/experiment/statistics';
import type { Sensitivity } from '@/session/measuring/measurement';
import { measureSensitivity } from '@/session/measuring/sensitivity';
import { after, mixed, slowerFrom, uniform } from '../results/rows';
import { cell, withSites } from '../sums';
import {
  baseOf,
  chosen,
  gain,
  Kept,
  type NetworkName,
  networks,
  type Options,
  type Outcome,
  Runs,
  Sheet,
} from './runs';

const compared = ['lenet', 'depthwise'] as const satisfies NetworkName[];
/** Float steps, then steps at the width at a tenth of the rate: enough to mend, too few to learn anew. */
const floatSteps = 300;
const steps = 400;

/** Trained in float, then at its bits. */
const tuned = (experiment: Experiment): Experiment => slowerFrom(floatSteps, after(floatSteps, experiment));

/** Sensitivities of the float network where the bits come into force. */
const sensitivityOf = (runs: Runs, base: Experiment): Promise<Sensitivity> => {
  const eight = withSites(base, uniform(8, 'absmax', 'ema'));
  return runs.kept.of(`sensitivity of ${JSON.stringify(runs.seeded(eight, floatSteps))}`, () =>
    runs.trained(
      tuned(eight),
      steps,
      async (trainer) => {
        const experiment = runs.seeded(eight, floatSteps);
        return (await measureSensitivity({ ...trainer.probed, experiment }, async () => true))!;
      },
      floatSteps,
    ),
  );
};

interface Comparison {
  cost: Cost;
  /** Uniform widths, the widest first. */
  widths: readonly Bits[];
  /** Uniform widths whose cost is allocated. */
  budgets: readonly Bits[];
  name(bits: Bits): string;
  at(base: Experiment, bits: Bits): Experiment;
}
const comparisons: Record<'selective' | 'joint', Comparison> = {
  selective: {
    cost: 'bytes',
    widths: [8, 6, 4, 3, 2],
    budgets: [4, 3, 2],
    name: (bits) => `W${bits}A8`,
    at: (base, bits) => withSites(base, mixed(bits, 8, 'absmax', 'ema')),
  },
  joint: {
    cost: 'bops',
    widths: [8, 6, 5, 4, 3],
    budgets: [5, 4, 3],
    name: (bits) => `W${bits}A${bits}`,
    at: (base, bits) => withSites(base, uniform(bits, 'absmax', 'ema')),
  },
};

interface Line {
  label: string;
  cost: number;
  mixed: boolean;
  outcomes: Outcome[];
  first: Experiment;
}

async function compare(options: Options, { cost, widths, budgets, name, at }: Comparison): Promise<void> {
  const kept = new Kept(options.keep);
  for (const network of chosen(options, compared)) {
    const base = baseOf(network);
    const lines = new Map<string, Line>();
    for (const seed of options.seeds) {
      const runs = new Runs(base, seed, kept);
      const add = async (label: string, experiment: Experiment, isMixed: boolean) => {
        const run = tuned(experiment);
        const outcome = await runs.outcome(`${networks[network].label}, ${label}`, run, steps);
        const size = modelSize(experiment);
        const line = lines.get(label) ?? {
          label,
          cost: 0,
          mixed: isMixed,
          outcomes: [],
          first: runs.seeded(run, steps),
        };
        line.outcomes.push(outcome);
        line.cost = Math.max(line.cost, cost === 'bytes' ? size.total : size.bops);
        lines.set(label, line);
      };
      const sensitivity = await sensitivityOf(runs, base);
      for (const bits of widths) await add(name(bits), at(base, bits), false);
      for (const bits of budgets) {
        const target = at(base, bits);
        const { total, bops } = modelSize(target);
        const allocation = allocationFor(target, sensitivity.layers, {
          budget: { kind: cost, most: cost === 'bytes' ? total : bops },
          keepEnds: false,
          source: 'both',
        });
        if (allocation) await add(`allocated, at most ${name(bits)}`, allocated(target, allocation), true);
      }
    }
    printComparison(networks[network].label, cost, [...lines.values()]);
  }
}

/** Rows by falling cost; of each allocated one what it gains over every uniform one that is no smaller. */
function printComparison(label: string, cost: Cost, lines: Line[]): void {
  const qat = ({ outcomes }: Line) => outcomes.map((outcome) => outcome.qat);
  lines.sort((a, b) => b.cost - a.cost || Number(a.mixed) - Number(b.mixed));
  const [float] = lines;
  console.log(`\n${label}; float ${cell(float!.outcomes.map((outcome) => outcome.float))} %\n`);
  const unit = cost === 'bytes' ? 'bytes' : 'million BOPs';
  const sheet = new Sheet([
    unit,
    'bits',
    'PTQ %',
    'QAT %',
    'gain over uniform ones of this size or more, points',
  ]);
  for (const line of lines) {
    const larger = lines.filter((other) => !other.mixed && other.cost >= line.cost);
    const gains = line.mixed ? larger.map((other) => `${other.label} ${gain(qat(line), qat(other))}`) : [];
    sheet.add(
      [
        cost === 'bytes' ? line.cost : (line.cost / 1e6).toFixed(2),
        line.label,
        cell(line.outcomes.map(({ ptq }) => ptq)),
        cell(qat(line)),
        gains.reverse().join(', '),
      ],
      `${label}, ${line.label}`,
      line.first,
    );
  }
  sheet.print();
}

export const selective = (options: Options) => compare(options, comparisons.selective);
export const joint = (options: Options) => compare(options, comparisons.joint);

/** Rank correlation of measured and estimated rises of the loss. */
export async function ranks(options: Options): Promise<void> {
  const kept = new Kept(options.keep);
  const sheet = new Sheet(
    [
      'network',
      'seed',
      'Spearman at 2 bits',
      'at 3 bits',
      'rise at 2 bits by layer: measured (estimated), nats',
    ],
    'every seed',
  );
  for (const network of chosen(options, compared))
    for (const seed of options.seeds) {
      const base = baseOf(network);
      const runs = new Runs(base, seed, kept);
      const { layers } = await sensitivityOf(runs, base);
      const pairsAt = (bits: Bits) =>
        layers.flatMap(({ name, weights, estimated }) => {
          const [m, e] = [weights, estimated].map((list) => list?.find((each) => each.bits === bits)?.loss);
          return m === undefined || e === undefined ? [] : [{ name, m, e }];
        });
      const rankAt = (bits: Bits) =>
        spearman(
          pairsAt(bits).map(({ m }) => m),
          pairsAt(bits).map(({ e }) => e),
        )?.toFixed(2) ?? '';
      const rises = pairsAt(2).map(({ name, m, e }) => `${name} ${m.toFixed(2)} (${e.toFixed(2)})`);
      const start = runs.seeded(withSites(base, uniform(8, 'absmax', 'ema')), floatSteps);
      sheet.add(
        [networks[network].label, seed, rankAt(2), rankAt(3), rises.join(', ')],
        `${networks[network].label}, seed ${seed}`,
        start,
      );
    }
  sheet.print();
}
