/** Runs a sweep without a page: its runs one after the other, and the means over seeds. */
import { makeDataset } from '@/data';
import { nameRuns } from '@/experiment/differences';
import type { Experiment } from '@/experiment/schema';
import type { Sweep } from '@/experiment/sweep/definition';
import { deviation, mean } from '@/experiment/sweep/statistics';
import { DivergedError, percent, type Report, runExperiment } from './experiment';

interface Spread {
  /** Mean, a fraction. */
  accuracy: number;
  /** Sample standard deviation; 0 for a single run. */
  deviation: number;
}

/** Runs that differ in their seed alone. */
export interface Mean {
  /** What differs from the others. */
  name: string;
  seeds: number[];
  float: Spread;
  qat: Spread;
  ptq: Spread;
  bytes: Report['bytes'];
  bops: number;
  stepMs: Report['stepMs'];
  /** Of the first seed. */
  link: string;
}

/** The JSON that `npm run experiment -- --sweep FILE --json` prints. */
export interface SweepReport {
  name: string | null;
  runs: Report[];
  means: Mean[];
  /** Runs whose loss became NaN or infinite. */
  failed: { name: string; message: string }[];
}

const settingOf = (experiment: Experiment): string => JSON.stringify({ ...experiment, seed: 0 });

function meanOf(name: string, reports: readonly Report[]): Mean {
  const first = reports[0]!;
  const spread = (network: 'float' | 'qat' | 'ptq'): Spread => {
    const values = reports.map((report) => report[network].accuracy);
    return { accuracy: mean(values), deviation: deviation(values) };
  };
  const average = (read: (report: Report) => number) => mean(reports.map(read));
  return {
    name,
    seeds: reports.map(({ seed }) => seed),
    float: spread('float'),
    qat: spread('qat'),
    ptq: spread('ptq'),
    bytes: { ...first.bytes, quantized: average(({ bytes }) => bytes.quantized) },
    bops: average(({ bops }) => bops),
    stepMs: { float: average(({ stepMs }) => stepMs.float), qat: average(({ stepMs }) => stepMs.qat) },
    link: first.link,
  };
}

/** The means of finished runs, in order of their settings. */
export function meansOf(done: readonly { experiment: Experiment; report: Report }[]): Mean[] {
  const groups = new Map<string, { experiment: Experiment; report: Report }[]>();
  for (const one of done) {
    const key = settingOf(one.experiment);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const all = [...groups.values()];
  const names = nameRuns(all.map(([first]) => ({ ...first!.experiment, seed: 0 })));
  return all.map((group, i) =>
    meanOf(
      names[i]!,
      group.map(({ report }) => report),
    ),
  );
}

/**
 * Needs a started wasm backend. A run that diverges does not end the sweep.
 * @param experiments as expandSweep makes them: each with its steps, on generated data
 * @param tell hears of progress in sentences
 */
export async function runSweep(
  sweep: Sweep,
  experiments: readonly Experiment[],
  tell: (sentence: string) => void,
): Promise<SweepReport> {
  const names = nameRuns(experiments);
  const done: { experiment: Experiment; report: Report }[] = [];
  const failed: SweepReport['failed'] = [];
  for (const [i, experiment] of experiments.entries()) {
    const { dataset, seed, stop } = experiment;
    const name = names[i]!;
    if (dataset.kind === 'own') throw new Error('A sweep in the terminal runs on generated data.');
    try {
      const report = await runExperiment(experiment, makeDataset(dataset, seed), stop.steps!, () => {});
      done.push({ experiment, report });
      tell(`${i + 1} of ${experiments.length}, ${name}: QAT ${percent(report.qat.accuracy)}`);
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      failed.push({ name, message: error.message });
      tell(`${i + 1} of ${experiments.length}, ${name}: ${error.message}`);
    }
  }
  return { name: sweep.name ?? null, runs: done.map(({ report }) => report), means: meansOf(done), failed };
}

export function printSweep({ means, failed }: SweepReport): void {
  const cell = ({ accuracy, deviation: spread }: Spread) =>
    `${(100 * accuracy).toFixed(1)}${spread > 0 ? ` ± ${(100 * spread).toFixed(1)}` : ''}`;
  console.table(
    means.map((row) => ({
      run: row.name,
      seeds: row.seeds.length,
      'float %': cell(row.float),
      'PTQ %': cell(row.ptq),
      'QAT %': cell(row.qat),
      bytes: row.bytes.quantized,
      BOPs: row.bops,
      'float ms': Number(row.stepMs.float.toFixed(2)),
      'QAT ms': Number(row.stepMs.qat.toFixed(2)),
    })),
  );
  for (const { name, message } of failed) console.error(`${name}: ${message}`);
}
