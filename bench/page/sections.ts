/** Parts of the benchmark beside the steps themselves: growth, twins, toggles, and what evaluation takes. On synchronous backends. */
import type { Bits } from '@/catalog/bits';
import type { Dataset } from '@/data/dataset';
import { resolveNetwork } from '@/experiment/network';
import type { Experiment } from '@/experiment/schema';
import { Reporter } from '@/session/reporter';
import { Stepper, type Twin } from '@/session/stepper';
import { Trainer } from '@/session/trainer';

const endless = Number.POSITIVE_INFINITY;
/** Steps before anything is timed: recorded, checked, compiled. */
const warmUp = 30;
/** Length of a burst in ms, as the session takes them. */
const burstMs = 30;

/** A row of a table: what it is of, and figures by name. */
export interface Row {
  of: string;
  [figure: string]: number | string;
}
type Section = (experiment: Experiment, dataset: Dataset, turns: number) => Promise<Row[]>;

interface Run {
  trainer: Trainer;
  stepper: Stepper;
}
async function start(experiment: Experiment, dataset: Dataset, trained?: readonly Twin[]): Promise<Run> {
  const trainer = new Trainer(experiment, dataset);
  const stepper = new Stepper(trainer, () => [], true, trained);
  for (let i = 0; i < warmUp; i++) await stepper.burst(0, endless);
  stepper.times.float.clear();
  stepper.times.qat.clear();
  return { trainer, stepper };
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]): number => sorted(values)[values.length >> 1]!;
const percentile = (values: readonly number[], share: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(share * values.length))]!;

/** Mean ms of a whole step over one turn. */
async function turn({ trainer, stepper }: Run, ms: number): Promise<number> {
  const first = trainer.step;
  const begin = performance.now();
  do await stepper.burst(burstMs, endless);
  while (performance.now() - begin < ms);
  return (performance.now() - begin) / (trainer.step - first);
}

/** A network with every inner width times a factor. */
const widened = (experiment: Experiment, factor: number): Experiment => ({
  ...experiment,
  layers: experiment.layers.map((spec) => {
    const grown: Record<string, unknown> = { ...spec };
    for (const key of ['units', 'filters', 'features'])
      if (typeof grown[key] === 'number') grown[key] = factor * (grown[key] as number);
    return grown as unknown as typeof spec;
  }),
});

const factors = [1, 2, 4];

/** ms of a QAT step for each multiply-accumulate of its forward pass and the two products of its backward pass. */
const growth: Section = async (experiment, dataset, turns) => {
  const variants = [
    ...factors.map((factor) => ({
      of: `batch ${factor * experiment.batchSize}`,
      experiment: { ...experiment, batchSize: factor * experiment.batchSize },
      first: factor === 1,
    })),
    ...factors.map((factor) => ({
      of: `width x${factor}`,
      experiment: widened(experiment, factor),
      first: factor === 1,
    })),
  ];
  const runs: (Run & { times: number[] })[] = [];
  for (const variant of variants)
    runs.push({ ...(await start(variant.experiment, dataset, ['qat'])), times: [] });
  for (let i = 0; i < 3 * turns; i++)
    for (const run of runs) {
      run.stepper.times.qat.clear();
      await turn(run, 100);
      run.times.push(run.stepper.times.qat.value);
    }
  for (const { trainer } of runs) trainer.dispose();
  const macs = variants.map(
    ({ experiment: own }) =>
      3 * own.batchSize * resolveNetwork(own).reduce((sum, layer) => sum + layer.macs, 0),
  );
  return variants.map(({ of, first }, i) => {
    const { times } = runs[i]!;
    const ms = median(times);
    // Each round's own ratio: what slows the machine for a while slows both.
    const grown = first
      ? 1
      : median(times.map((each, k) => each / macs[i]! / (runs[i - 1]!.times[k]! / macs[i - 1]!)));
    return {
      of,
      'QAT ms': ms,
      Mmac: macs[i]! / 1e6,
      'ns / MAC': (1e6 * ms) / macs[i]!,
      'to the one before, %': 100 * (grown - 1),
    };
  });
};

/** A step of both twins against the sum of a step of each alone. */
const together: Section = async (experiment, dataset, turns) => {
  const kinds: (readonly Twin[])[] = [['float', 'qat'], ['float'], ['qat']];
  const runs: Run[] = [];
  for (const trained of kinds) runs.push(await start(experiment, dataset, trained));
  const times: number[][] = kinds.map(() => []);
  // Many short turns, each time another first: what slows the machine for a while slows all three.
  for (let i = 0; i < 10 * turns; i++)
    for (let k = 0; k < kinds.length; k++) {
      const next = (i + k) % kinds.length;
      times[next]!.push(await turn(runs[next]!, 60));
    }
  for (const { trainer } of runs) trainer.dispose();
  const [both, float, qat] = times.map(median) as [number, number, number];
  const ratios = times[0]!.map((each, i) => each / (times[1]![i]! + times[2]![i]!));
  return [{ of: 'both', 'both ms': both, 'float ms': float, 'QAT ms': qat, 'both / sum': median(ratios) }];
};

/** Half a second of steps, one by one, the first with an edit before it. @returns the ms of each */
async function window({ trainer, stepper }: Run, edit: boolean, bits: Bits): Promise<number[]> {
  const [layer] = trainer.present.layers.flatMap((spec, i) =>
    'weights' in spec ? [resolveNetwork(trainer.present)[i]!.name] : [],
  );
  const times: number[] = [];
  const end = performance.now() + 500;
  for (let first = true; first || performance.now() < end; first = false) {
    const begin = performance.now();
    if (first && edit) await trainer.edit({ kind: 'bits', layer: layer!, site: 'weights', bits });
    await stepper.burst(0, endless);
    times.push(performance.now() - begin);
  }
  return times;
}

/** Of fewer steps the slowest hundredth would be one or two. */
const leastToggled = 300;

/** Step times of a run whose bits are toggled twice a second of its time, against those of one left alone. */
const toggles: Section = async (experiment, dataset, turns) => {
  const [control, toggled] = [await start(experiment, dataset), await start(experiment, dataset)];
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < 2 * turns || times[1].length < leastToggled; i++) {
    times[0] = times[0].concat(await window(control, false, 8));
    times[1] = times[1].concat(await window(toggled, true, i % 2 ? 8 : 4));
  }
  for (const { trainer } of [control, toggled]) trainer.dispose();
  const [still, moving] = times.map((each) => percentile(each, 0.99)) as [number, number];
  return [
    {
      of: 'both twins',
      'p99 ms, control': still,
      'p99 ms, toggled': moving,
      ratio: moving / still,
      'largest ms, toggled': percentile(times[1], 1),
      steps: times[1].length,
    },
  ];
};

/** What evaluation, histograms, fields and messages take of the time, beside the steps, as the session does them from Train on. */
const shares: Section = async (experiment, dataset, turns) => {
  const trainer = new Trainer(experiment, dataset);
  const stepper = new Stepper(trainer, () => [], true);
  const reporter = new Reporter(0, trainer, () => {}, resolveNetwork(experiment)[0]!.name);
  await reporter.complete();
  reporter.begin();
  let [training, reporting] = [0, 0];
  const end = performance.now() + 3000 * turns;
  while (performance.now() < end) {
    const begin = performance.now();
    await stepper.burst(burstMs, endless);
    const middle = performance.now();
    await reporter.report(stepper);
    training += middle - begin;
    reporting += performance.now() - middle;
  }
  reporter.dispose();
  trainer.dispose();
  return [
    {
      of: 'evaluation, histograms',
      'training ms': training,
      'reports ms': reporting,
      'share, %': (100 * reporting) / training,
    },
  ];
};

export const sections: Record<string, Section> = { growth, together, toggles, shares };
