/**
 * What the tables of plans share: generated digits, the networks, runs kept in a file, float parts computed once, and cells
 * with a link.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { datasetKinds } from '@/catalog/datasets';
import { hasBatchNorm, type LayerSpec, layerKinds } from '@/catalog/layers';
import { makeDataset } from '@/data';
import type { Dataset } from '@/data/dataset';
import { timelineOf } from '@/experiment/changes';
import { encodeLink } from '@/experiment/link';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { modelSize } from '@/experiment/size';
import { TestSet } from '@/session/evaluate';
import { Stepper } from '@/session/stepper';
import { Trainer } from '@/session/trainer';
import { DivergedError } from '../experiment';
import { SharedRuns } from '../results/sharing';
import { cell } from '../sums';

export interface Options {
  seeds: readonly number[];
  /** Networks whose label holds this. */
  only: string;
  /** A file of finished runs, read and added to. */
  keep: string | undefined;
}

/** 1,400 to train, 600 to judge by, 2,000 to test. */
const digits = {
  ...datasetKinds.digits.defaults,
  samples: 4000,
  noise: 0.5,
  testShare: 0.5,
  validationShare: 0.3,
};

const dense = (units: number): LayerSpec => ({ ...layerKinds.dense.defaults, units });
const conv = (filters: number): LayerSpec => ({ ...layerKinds.conv2d.defaults, filters, kernelSize: 5 });
const pool = layerKinds.maxPool2d.defaults;
const logits = networkPresets.cnn.layers.at(-1)!;

export const networks = {
  lenet: { label: 'Mini-LeNet', layers: [conv(6), pool, conv(16), pool, dense(60), dense(42), logits] },
  depthwise: { label: 'Depthwise CNN', layers: networkPresets.depthwise.layers },
  cnn: { label: 'CNN 8-16', layers: networkPresets.cnn.layers },
} as const satisfies Record<string, { label: string; layers: readonly LayerSpec[] }>;
export type NetworkName = keyof typeof networks;

export const chosen = ({ only }: Options, among: readonly NetworkName[]): NetworkName[] =>
  among.filter((name) => networks[name].label.includes(only));

/** The network on digits. Batch norm bears a higher rate, and needs it where epochs are few. */
export function baseOf(name: NetworkName): Experiment {
  const experiment = experimentFor(digits);
  const layers = [...networks[name].layers];
  const learningRate = hasBatchNorm(layers) ? 0.01 : experiment.optimizer.learningRate;
  return { ...experiment, layers, optimizer: { ...experiment.optimizer, learningRate } };
}

/** Figures of finished work, by what they are of. */
export class Kept {
  private readonly values = new Map<string, unknown>();
  constructor(private readonly path: string | undefined) {
    if (path === undefined || !existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (!line) continue;
      const { key, value } = JSON.parse(line) as { key: string; value: unknown };
      this.values.set(key, value);
    }
  }
  async of<T>(key: string, make: () => Promise<T>): Promise<T> {
    if (!this.values.has(key)) {
      const value = await make();
      this.values.set(key, value);
      if (this.path !== undefined) appendFileSync(this.path, `${JSON.stringify({ key, value })}\n`);
    }
    return this.values.get(key) as T;
  }
}

/** What a run comes to; accuracies are fractions of the test set. */
export interface Outcome {
  float: number;
  ptq: number;
  qat: number;
  bytes: number;
  bops: number;
}

/** Runs of one network with one seed: they begin alike and share the float twin. */
export class Runs {
  private readonly shared = new SharedRuns();
  readonly dataset: Dataset;

  constructor(
    base: Experiment,
    private readonly seed: number,
    readonly kept: Kept,
  ) {
    if (base.dataset.kind === 'own') throw new Error('Generated data only.');
    this.dataset = makeDataset(base.dataset, seed);
  }

  /** The experiment as it is run and linked to. */
  seeded(experiment: Experiment, steps: number): Experiment {
    return { ...experiment, seed: this.seed, stop: { steps } };
  }

  /**
   * Trains up to a step and hands over the trainer, which is disposed afterwards.
   * @throws DivergedError if a loss is no longer finite
   */
  async trained<T>(
    experiment: Experiment,
    steps: number,
    look: (trainer: Trainer) => Promise<T>,
    until = steps,
  ): Promise<T> {
    const run = this.seeded(experiment, steps);
    const sharing = this.shared.of(run, steps);
    const trainer = new Trainer(run, this.dataset);
    try {
      const stepper = new Stepper(trainer, () => timelineOf(run), true, await sharing.begin(trainer));
      while (trainer.step < until) {
        const next = Math.min(until, sharing.next(trainer.step) ?? until);
        const divergence = await stepper.burst(Number.POSITIVE_INFINITY, next);
        if (divergence)
          throw new DivergedError(
            `Diverged at step ${divergence.step} in ${divergence.layer}: ${encodeLink(run)}`,
          );
        await sharing.reached(trainer);
      }
      if (until === steps) await sharing.end(trainer);
      return await look(trainer);
    } finally {
      trainer.dispose();
    }
  }

  /** @param label what the terminal is told */
  async outcome(label: string, experiment: Experiment, steps: number): Promise<Outcome> {
    const start = performance.now();
    const make = () =>
      this.trained(experiment, steps, async (trainer) => {
        await trainer.calibrate(true);
        const accuracies = await scores(trainer, ['float', 'ptq', 'qat']);
        const { total, bops } = modelSize(trainer.present);
        console.error(
          `${label}, seed ${this.seed}: QAT ${cell([accuracies.qat])} % after ${Math.round((performance.now() - start) / 1000)} s`,
        );
        return { ...accuracies, bytes: total, bops };
      });
    return this.kept.of(encodeLink(this.seeded(experiment, steps)), make);
  }
}

/** Accuracies on the test set. PTQ must be calibrated before. */
export async function scores<N extends 'float' | 'ptq' | 'qat'>(
  trainer: Trainer,
  names: readonly N[],
): Promise<Record<N, number>> {
  const test = new TestSet(trainer);
  const found = {} as Record<N, number>;
  for (const name of names) found[name] = (await test.evaluate(name)).accuracy;
  test.dispose();
  return found;
}

/** A table whose rows have links; printed as Markdown with the links below. */
export class Sheet {
  private readonly rows: (string | number)[][] = [];
  private readonly links: string[] = [];
  constructor(
    private readonly columns: readonly string[],
    private readonly linked = 'seed 1',
  ) {}

  add(cells: readonly (string | number)[], name: string, experiment?: Experiment): void {
    this.rows.push([...cells]);
    if (experiment) this.links.push(`${name}  #${encodeLink(experiment)}`);
  }

  print(): void {
    const line = (cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
    line(this.columns);
    console.log(`|${'---|'.repeat(this.columns.length)}`);
    this.rows.forEach(line);
    if (this.links.length === 0) return;
    console.log(`\n<details><summary>The experiments, ${this.linked}</summary>\n\n\`\`\``);
    for (const link of this.links) console.log(link);
    console.log('```\n\n</details>');
  }
}

/** Differences of runs with the same seed, in points: "+1.2 ± 0.3". */
export function gain(of: readonly number[], over: readonly number[]): string {
  const text = cell(of.map((value, i) => value - over[i]!));
  return /^(-|0\.0( |$))/.test(text) ? text : `+${text}`;
}
