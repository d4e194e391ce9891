/** Ways to train: QAT that starts from PTQ, and bits that move over the steps, each beside QAT at its bits throughout. */
import type { Bits } from '@/catalog/bits';
import type { Plan } from '@/experiment/plan';
import type { Experiment } from '@/experiment/schema';
import { mixed, slowerFrom, uniform } from '../results/rows';
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

/** Of every run; the rate falls to a tenth for the last part. */
const steps = 400;
const slower = 300;

interface Way {
  label: string;
  /** Steps in which something is rounded. */
  quantized: number;
  plan?: Plan;
}

/** Outcomes of each way, a list over the seeds. */
async function outcomesOf(
  options: Options,
  network: NetworkName,
  base: Experiment,
  ways: readonly Way[],
): Promise<Outcome[][]> {
  const kept = new Kept(options.keep);
  const found: Outcome[][] = ways.map(() => []);
  for (const seed of options.seeds) {
    const runs = new Runs(base, seed, kept);
    for (const [i, { label, plan }] of ways.entries())
      found[i]!.push(
        await runs.outcome(
          `${networks[network].label}, ${label}`,
          slowerFrom(slower, { ...base, ...(plan && { plan }) }),
          steps,
        ),
      );
  }
  return found;
}

const linked = (options: Options, base: Experiment, { plan }: Way): Experiment => ({
  ...slowerFrom(slower, { ...base, ...(plan && { plan }) }),
  seed: options.seeds[0]!,
  stop: { steps },
});

/** The width at which rounding alone loses much. */
const bits: Bits = 3;

/** Quantized steps that QAT from the start and QAT from PTQ need. */
export async function hybrid(options: Options): Promise<void> {
  const fromPtq = (quantized: number): Way => ({
    label: `float ${steps - quantized} > PTQ > QAT ${quantized}`,
    quantized,
    plan: [{ kind: 'hybrid', until: steps - quantized, train: steps - quantized }],
  });
  const ways: Way[] = [
    { label: 'QAT from the first step', quantized: steps },
    ...[200, 100, 50].map(fromPtq),
  ];
  const sheet = new Sheet([
    'network',
    'training',
    'quantized steps',
    'accuracy %',
    'over QAT from the first step, points',
  ]);
  for (const network of chosen(options, ['lenet', 'cnn'])) {
    const base = withSites(baseOf(network), uniform(bits, 'absmax', 'ema'));
    const name = `${networks[network].label} W${bits}A${bits}`;
    const found = await outcomesOf(options, network, base, ways);
    const qat = found.map((outcomes) => outcomes.map((outcome) => outcome.qat));
    const whole = found[0]!;
    sheet.add([name, 'float', 0, cell(whole.map(({ float }) => float)), ''], '');
    const ptq = whole.map((outcome) => outcome.ptq);
    sheet.add([name, 'PTQ alone', 0, cell(ptq), gain(ptq, qat[0]!)], '');
    for (const [i, way] of ways.entries())
      sheet.add(
        [name, way.label, way.quantized, cell(qat[i]!), i === 0 ? '' : gain(qat[i]!, qat[0]!)],
        `${name}, ${way.label}`,
        linked(options, base, way),
      );
  }
  sheet.print();
}

/** The same training at the target width, and with schedules of the weights' bits that end there. */
export async function schedules(options: Options): Promise<void> {
  const of = 'weights';
  const points = ([8, 6, 4, 2] as const).map((bits, i) => ({ step: 75 * i, bits }));
  const ways: Way[] = [
    { label: 'W2 throughout', quantized: steps },
    { label: 'stepwise 8 > 6 > 4 > 2, by 75 steps', quantized: steps, plan: [{ kind: 'steps', of, points }] },
    {
      label: 'linear 8 to 2 over 225 steps',
      quantized: steps,
      plan: [{ kind: 'linear', of, from: 0, to: 225, start: 8, end: 2 }],
    },
    {
      label: 'cyclic 2 to 8, 6 cycles of 50 steps',
      quantized: steps,
      plan: [{ kind: 'cyclic', of, from: 0, to: 300, low: 2, high: 8, cycles: 6 }],
    },
    { label: 'float for 200 steps', quantized: 200, plan: [{ kind: 'late', until: 200 }] },
  ];
  const sheet = new Sheet(['network', 'weights', 'accuracy %', 'over W2 throughout, points']);
  for (const network of chosen(options, ['lenet', 'cnn'])) {
    const base = withSites(baseOf(network), mixed(2, 8, 'absmax', 'ema'));
    const name = `${networks[network].label} W2A8`;
    const qat = (await outcomesOf(options, network, base, ways)).map((outcomes) =>
      outcomes.map((outcome) => outcome.qat),
    );
    for (const [i, way] of ways.entries())
      sheet.add(
        [name, way.label, cell(qat[i]!), i === 0 ? '' : gain(qat[i]!, qat[0]!)],
        `${name}, ${way.label}`,
        linked(options, base, way),
      );
  }
  sheet.print();
}
