/**
 * `npm run results -- selective|hybrid|schedules|adaround|ranks [--seeds 3] [--only NAME]`: bits allocated by sensitivity
 * against uniform ones, QAT that starts from PTQ, schedules of bits, and learned rounding, on generated digits.
 */
import type { Bits } from '@/catalog/bits';
import { datasetKinds } from '@/catalog/datasets';
import { makeDataset } from '@/data';
import { allocated, allocationFor } from '@/experiment/allocation';
import { encodeLink } from '@/experiment/link';
import type { Plan } from '@/experiment/plan';
import { experimentFor, networkPresets } from '@/experiment/presets';
import { defaultPtq, type PtqSettings } from '@/experiment/ptq';
import type { Experiment } from '@/experiment/schema';
import { modelSize } from '@/experiment/size';
import type { Sensitivity } from '@/session/measurement';
import { measureSensitivity } from '@/session/sensitivity';
import { Stepper } from '@/session/stepper';
import { Trainer } from '@/session/trainer';
import { runExperiment } from './experiment';
import { cell, withSites } from './sums';

const float: Bits = 32;
const digits = {
  ...datasetKinds.digits.defaults,
  samples: 3000,
  noise: 0.5,
  testShare: 0.4,
  validationShare: 0.15,
};
const networks = { cnn: 'CNN 8-16', depthwise: 'Depthwise CNN' } as const;
type NetworkName = keyof typeof networks;

/** Weights and hidden outputs at these bits; the logits stay accumulators. */
const uniform = (network: NetworkName, weights: Bits, activations: Bits): Experiment =>
  withSites({ ...experimentFor(digits), layers: networkPresets[network].layers }, ({ last }) => ({
    weights: { bits: weights },
    activations: { bits: last ? float : activations },
  }));

const dataOf = (experiment: Experiment, seed: number) => {
  if (experiment.dataset.kind === 'own') throw new Error('Generated data only.');
  return makeDataset(experiment.dataset, seed);
};
const linkOf = (experiment: Experiment, steps: number) =>
  `\`#${encodeLink({ ...experiment, stop: { steps } })}\``;
const run = (experiment: Experiment, seed: number, steps: number) =>
  runExperiment({ ...experiment, seed }, dataOf(experiment, seed), steps, () => {});

/** Sensitivities of the float network after so many steps. */
async function sensitivityOf(experiment: Experiment, seed: number, steps: number): Promise<Sensitivity> {
  const trainer = new Trainer({ ...experiment, seed }, dataOf(experiment, seed));
  await new Stepper(trainer, () => [], true).burst(Number.POSITIVE_INFINITY, steps);
  const found = await measureSensitivity(trainer.probed, async () => true);
  trainer.dispose();
  return found!;
}

interface Options {
  seeds: readonly number[];
  only: string;
}
const head = (...cells: string[]) => {
  console.log(`| ${cells.join(' | ')} |\n|${cells.map(() => '---').join('|')}|`);
};
const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
const chosen = ({ only }: Options) =>
  (Object.keys(networks) as NetworkName[]).filter((name) => networks[name].includes(only));

const floatSteps = 300;
const steps = 600;
const late: Plan = [{ kind: 'late', until: floatSteps }];

/** Uniform weights, and for each uniform size the allocation that is no larger. */
async function selective(options: Options): Promise<void> {
  head('network', 'weight bits', 'bytes', 'QAT %', 'experiment');
  for (const name of chosen(options)) {
    const activations: Bits = 8;
    const sensitivities = new Map<number, Sensitivity>();
    for (const seed of options.seeds)
      sensitivities.set(seed, await sensitivityOf(uniform(name, 8, activations), seed, floatSteps));
    for (const bits of [2, 3, 4] as const) {
      const base = uniform(name, bits, activations);
      const { total } = modelSize(base);
      const accuracies = { uniform: [] as number[], mixed: [] as number[] };
      const bytes: number[] = [];
      let link = '';
      for (const seed of options.seeds) {
        const plain = { ...base, plan: late };
        accuracies.uniform.push((await run(plain, seed, steps)).qat.accuracy);
        const allocation = allocationFor(base, sensitivities.get(seed)!.layers, {
          budget: { kind: 'bytes', most: total },
          keepEnds: false,
          source: 'loss',
        })!;
        const mixed = { ...allocated(base, allocation), plan: late };
        const report = await run(mixed, seed, steps);
        accuracies.mixed.push(report.qat.accuracy);
        bytes.push(report.bytes.quantized);
        if (seed === options.seeds[0]) link = linkOf({ ...mixed, seed }, steps);
      }
      const plainLink = linkOf({ ...base, plan: late, seed: options.seeds[0]! }, steps);
      row(networks[name], `W${bits}`, total, cell(accuracies.uniform), plainLink);
      row(networks[name], `allocated, at most W${bits}`, Math.max(...bytes), cell(accuracies.mixed), link);
    }
  }
}

/** Quantized steps that QAT from scratch, QAT from the float weights and QAT from PTQ need. */
async function hybrid(options: Options): Promise<void> {
  head('network', 'start', 'quantized steps', 'QAT %', 'experiment');
  for (const name of chosen(options)) {
    const bits: Bits = 4;
    const base = uniform(name, bits, bits);
    const total = 600;
    const cases: [string, number, Plan | undefined, PtqSettings | undefined][] = [
      ['QAT from the start', total, undefined, undefined],
      ['from PTQ', total / 2, [{ kind: 'hybrid', until: total / 2, train: total / 2 }], undefined],
      [
        'from PTQ, equalised and MSE ranges',
        total / 2,
        [{ kind: 'hybrid', until: total / 2, train: total / 2 }],
        { ...defaultPtq, method: 'mse', equalise: true },
      ],
      [
        'from PTQ, a quarter',
        total / 4,
        [{ kind: 'hybrid', until: (3 * total) / 4, train: (3 * total) / 4 }],
        undefined,
      ],
    ];
    for (const [label, quantized, plan, ptq] of cases) {
      const experiment = { ...base, ...(plan ? { plan } : {}), ...(ptq ? { ptq } : {}) };
      const found: number[] = [];
      for (const seed of options.seeds) found.push((await run(experiment, seed, total)).qat.accuracy);
      row(
        networks[name],
        label,
        quantized,
        cell(found),
        linkOf({ ...experiment, seed: options.seeds[0]! }, total),
      );
    }
  }
}

/** The same training at the target width, and with schedules that end there. */
async function schedules(options: Options): Promise<void> {
  head('network', 'weights', 'QAT %', 'experiment');
  for (const name of chosen(options)) {
    const base = uniform(name, 2, 8);
    const plans: [string, Plan | undefined][] = [
      ['W2 throughout', undefined],
      [
        'stepwise 8 > 6 > 4 > 2',
        [
          {
            kind: 'steps',
            of: 'weights',
            points: [
              { step: 0, bits: 8 },
              { step: 150, bits: 6 },
              { step: 250, bits: 4 },
              { step: 350, bits: 2 },
            ],
          },
        ],
      ],
      [
        'linear 8 to 2 over 400 steps',
        [{ kind: 'linear', of: 'weights', from: 0, to: 400, start: 8, end: 2 }],
      ],
      [
        'cyclic 2 to 8, 8 cycles over 400 steps',
        [{ kind: 'cyclic', of: 'weights', from: 0, to: 400, low: 2, high: 8, cycles: 8 }],
      ],
      ['float for 300 steps', late],
    ];
    for (const [label, plan] of plans) {
      const experiment = { ...base, ...(plan ? { plan } : {}) };
      const found: number[] = [];
      for (const seed of options.seeds) found.push((await run(experiment, seed, steps)).qat.accuracy);
      row(networks[name], label, cell(found), linkOf({ ...experiment, seed: options.seeds[0]! }, steps));
    }
  }
}

/** PTQ of the same float networks with each way to round. */
async function rounding(options: Options): Promise<void> {
  head('network', 'weights', 'nearest %', 'bias corrected %', 'AdaRound %', 'float %', 'experiment');
  for (const name of chosen(options))
    for (const bits of [4, 3] as const) {
      const base = uniform(name, bits, 8);
      const found: Record<string, number[]> = {};
      const add = (key: string, value: number) => {
        found[key] = [...(found[key] ?? []), value];
      };
      const cases: [string, PtqSettings | undefined][] = [
        ['nearest', undefined],
        ['corrected', { ...defaultPtq, correct: true }],
        ['adaround', { ...defaultPtq, round: true }],
      ];
      for (const seed of options.seeds)
        for (const [key, ptq] of cases) {
          const report = await run({ ...base, ...(ptq ? { ptq } : {}) }, seed, steps);
          add(key, report.ptq.accuracy);
          if (key === 'nearest') add('float', report.float.accuracy);
        }
      const link = linkOf({ ...base, ptq: { ...defaultPtq, round: true }, seed: options.seeds[0]! }, steps);
      row(
        networks[name],
        `W${bits}A8`,
        ...['nearest', 'corrected', 'adaround', 'float'].map((key) => cell(found[key]!)),
        link,
      );
    }
}

/** Rank correlation of measured and estimated sensitivities. */
async function ranks(options: Options): Promise<void> {
  head('network', 'seed', 'Spearman', 'measured rise of the loss at W3 by layer, nats');
  for (const name of chosen(options))
    for (const seed of options.seeds) {
      const found = await sensitivityOf(uniform(name, 8, 8), seed, floatSteps);
      const rises = found.layers.map(({ name: layer, weights, estimated }) => {
        const at = (list?: { bits: Bits; loss: number }[]) => list?.find(({ bits }) => bits === 3)?.loss;
        const [m, e] = [at(weights), at(estimated)];
        return m === undefined ? '' : `${layer} ${m.toFixed(3)} (${e?.toFixed(3)})`;
      });
      row(networks[name], seed, found.spearman?.toFixed(2) ?? '', rises.filter(Boolean).join(', '));
    }
}

export const selectiveTables = { selective, hybrid, schedules, adaround: rounding, ranks };
export type SelectiveTable = keyof typeof selectiveTables;
