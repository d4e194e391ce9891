/**
 * The tables of docs/results.md, printed as Markdown with the link of each row's first seed.
 * `npm run results -- toy [--seeds 5]`: the spiral toy beside its PyTorch reference.
 * `npm run results -- oscillation [--seeds 3] [--only NAME]`: oscillating weights left free, damped and frozen.
 * `npm run results -- lsq|weights|groups|activations --images IDX --labels IDX [--seeds 3] [--only NAME]`: digits.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@/backend/start';
import type { Bits } from '@/catalog/bits';
import { siteAt, sitesOf } from '@/catalog/layers';
import {
  type ActivationQuantizerKind,
  activationQuantizerOf,
  activationQuantizers,
  granularities,
  type Penalty,
  penalties,
  type WeightQuantizerKind,
  type WeightSite,
  weightQuantizerOf,
  weightQuantizers,
} from '@/catalog/quantizers';
import { makeDataset, openFiles } from '@/data';
import type { Dataset } from '@/data/dataset';
import { recordEdit } from '@/experiment/changes';
import { encodeLink } from '@/experiment/link';
import { layerNames } from '@/experiment/network';
import { defaultExperiment, experimentFor, networkPresets } from '@/experiment/presets';
import type { Edit, Experiment } from '@/experiment/schema';
import { runExperiment } from './experiment';
import { printOscillation } from './oscillation';
import { cell, type SiteRule, withSites } from './sums';

/** One row: what it is called, the experiment for a seed, and what a reference says. */
interface Row {
  name: string;
  experiment: Experiment;
  /** Steps to run. */
  steps: number;
  /** PyTorch's figure, where facts about one exist. */
  reference?: string;
}

const firstSeed = 1;
const float: Bits = 32;

/** The edits that turn one experiment's sites into another's. */
function editsBetween(from: Experiment, to: Experiment): Edit[] {
  const names = layerNames(from.layers);
  const edits: Edit[] = [];
  if (from.input.bits !== to.input.bits)
    edits.push({ kind: 'bits', layer: 'input', site: 'activations', bits: to.input.bits });
  from.layers.forEach((spec, index) => {
    const target = to.layers[index];
    const layer = names[index];
    if (!target || !layer) return;
    for (const site of sitesOf(spec)) {
      const [before, wanted] = [siteAt(spec, site)!, siteAt(target, site)!];
      for (const [setting, value] of Object.entries(wanted))
        if (setting !== 'bits' && (before as Record<string, unknown>)[setting] !== value)
          edits.push({ kind: 'quantizer', layer, site, setting, value: String(value) });
      if (before.bits !== wanted.bits) edits.push({ kind: 'bits', layer, site, bits: wanted.bits });
    }
  });
  return edits;
}

/** Trains in float first: the sites of `experiment` come into force after `step` steps. */
function after(step: number, experiment: Experiment): Experiment {
  const start = withSites({ ...experiment, input: { ...experiment.input, bits: float } }, () => ({
    weights: { bits: float },
    activations: { bits: float },
  }));
  return editsBetween(start, experiment).reduce((e, edit) => recordEdit(e, edit, step), start);
}

/** Weights and hidden outputs at the same bits; the logits stay accumulators. */
const uniform =
  (
    bits: Bits,
    weights: WeightQuantizerKind,
    activations: ActivationQuantizerKind,
    ends: Bits = bits,
  ): SiteRule =>
  ({ end, last }) => ({
    weights: { bits: end ? ends : bits, quantizer: weights },
    activations: { bits: last ? float : bits, quantizer: activations },
  });

/** The toy of docs/results.md: 2-16-16-2 on two spirals, 4,000 float steps, then 2,000 at the width. */
function toyRows(): Row[] {
  const widths: { name: string; bits: Bits; ends?: Bits; minmax: string; lsq: string }[] = [
    { name: 'W8A8', bits: 8, minmax: 'PTQ 99.1, QAT 99.0', lsq: 'LSQ 99.1' },
    { name: 'W4A4', bits: 4, minmax: 'PTQ 87.7 ± 5.5, QAT 96.7 ± 2.1', lsq: 'LSQ 99.0 ± 0.2' },
    { name: 'W3A3', bits: 3, minmax: 'PTQ 66.3 ± 7.9, QAT 80.1 ± 10.4', lsq: 'LSQ 96.9 ± 2.9' },
    { name: 'W2A2', bits: 2, minmax: 'PTQ 50.5 ± 1.5, QAT 56.2 ± 5.1', lsq: 'LSQ 78.5 ± 3.5' },
    { name: 'W2A2, ends W8', bits: 2, ends: 8, minmax: 'PTQ 50.3, QAT 54.8', lsq: 'LSQ 92.2 ± 7.7' },
  ];
  const base: Experiment = { ...defaultExperiment, layers: networkPresets.smallMlp.layers };
  const tensor = (experiment: Experiment) =>
    withSites(experiment, () => ({ weights: { granularity: 'tensor' } }));
  const row = (name: string, rule: SiteRule, reference: string): Row => ({
    name,
    experiment: after(4000, tensor(withSites(base, rule))),
    steps: 6000,
    reference,
  });
  return widths.flatMap(({ name, bits, ends, minmax, lsq }) => [
    row(`${name} min-max`, uniform(bits, 'absmax', 'ema', ends), minmax),
    row(`${name} LSQ`, uniform(bits, 'lsq', 'lsq', ends), lsq),
  ]);
}

/** The widths at which a quantizer is shown: those of 8, 4 and 2 that it has. */
const shownBits = (own: readonly Bits[] | undefined): readonly Bits[] =>
  ([8, 4, 2] as const).filter((bits) => !own || own.includes(bits));

function digitRows(table: string, base: Experiment, steps: number): Row[] {
  const lsq = (name: string, rule: SiteRule): Row => ({
    name,
    experiment: after(steps / 2, withSites(base, rule)),
    steps,
  });
  if (table === 'lsq')
    return [
      lsq('LSQ W4A4', uniform(4, 'lsq', 'lsq')),
      lsq('LSQ W2A2, ends W8', uniform(2, 'lsq', 'lsq', 8)),
      lsq('1-bit weights, LSQ A2', ({ last }) => ({
        weights: { bits: 1, quantizer: 'absmax' },
        activations: { bits: last ? float : 2, quantizer: 'lsq' },
      })),
    ];
  const weightRow = (name: string, weights: Partial<WeightSite>): Row => ({
    name,
    experiment: withSites(base, ({ last }) => ({ weights, activations: { bits: last ? float : 8 } })),
    steps,
  });
  if (table === 'weights')
    return (Object.keys(weightQuantizers) as WeightQuantizerKind[]).flatMap((quantizer) => {
      const { label, bits: own, learnsBits } = weightQuantizerOf(quantizer);
      if (learnsBits)
        return (Object.keys(penalties) as Penalty[]).map((penalty) =>
          weightRow(`${label} from W8A8, ${penalties[penalty].label} penalty`, {
            bits: 8,
            quantizer,
            penalty,
          }),
        );
      return shownBits(own).map((bits) => weightRow(`${label} W${bits}A8`, { bits, quantizer }));
    });
  if (table === 'groups')
    return (['group16', 'group32', 'group64', 'group128'] as const).flatMap((granularity) =>
      shownBits(undefined).map((bits) =>
        weightRow(`Abs-max ${granularities[granularity].label} W${bits}A8`, { bits, granularity }),
      ),
    );
  return (Object.keys(activationQuantizers) as ActivationQuantizerKind[]).flatMap((quantizer) => {
    const { label, bits: own } = activationQuantizerOf(quantizer);
    return shownBits(own).map((bits) => ({
      name: `${label} W8A${bits}`,
      experiment: withSites(base, ({ last }) => ({
        weights: { bits: 8 },
        activations: { bits: last ? float : bits, quantizer },
      })),
      steps,
    }));
  });
}

async function printRows(
  rows: readonly Row[],
  seeds: number,
  dataset: (seed: number) => Dataset,
): Promise<void> {
  console.log(
    '| | float % | PTQ % | QAT % | bytes | reference | experiment |\n|---|---|---|---|---|---|---|',
  );
  for (const { name, experiment, steps, reference } of rows) {
    const accuracy = { float: [] as number[], ptq: [] as number[], qat: [] as number[] };
    let bytes = 0;
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const report = await runExperiment({ ...experiment, seed }, dataset(seed), steps, () => {});
      for (const network of ['float', 'ptq', 'qat'] as const)
        accuracy[network].push(report[network].accuracy);
      bytes = report.bytes.quantized;
    }
    const link = encodeLink({ ...experiment, seed: firstSeed, stop: { steps } });
    const { float, ptq, qat } = accuracy;
    console.log(
      `| ${name} | ${cell(float)} | ${cell(ptq)} | ${cell(qat)} | ${bytes} | ${reference ?? ''} | \`#${link}\` |`,
    );
  }
}

const usage =
  'Usage: npm run results -- toy|oscillation|lsq|weights|groups|activations [--images IDX --labels IDX] [--seeds N] [--only NAME]';

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { images: text, labels: text, seeds: text, only: text };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [table] = positionals;
  const { images, labels, only = '' } = values;
  const generated = ['toy', 'oscillation'];
  const known = [...generated, 'lsq', 'weights', 'groups', 'activations'];
  if (!table || !known.includes(table) || !(generated.includes(table) || (images && labels))) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  await startBackend('wasm', dirname(entry) + sep);
  if (table === 'oscillation') {
    const seeds = Array.from({ length: Number(values.seeds ?? 3) }, (_, index) => firstSeed + index);
    await printOscillation(seeds, only);
    return;
  }
  const chosen = (rows: Row[]) => rows.filter(({ name }) => name.includes(only));
  if (table === 'toy') {
    const { dataset } = defaultExperiment;
    if (dataset.kind === 'own') throw new Error('The default experiment has generated data.');
    await printRows(chosen(toyRows()), Number(values.seeds ?? 5), (seed) => makeDataset(dataset, seed));
    return;
  }
  const files = [images ?? '', labels ?? ''].map((path) => ({
    name: basename(path),
    bytes: new Uint8Array(readFileSync(path)),
  }));
  const opened = await openFiles(files, {});
  if (opened.kind !== 'dataset') throw new Error('--images and --labels must name two IDX files.');
  const base = experimentFor(opened.spec);
  const steps = 10 * Math.floor(opened.spec.train / base.batchSize);
  await printRows(chosen(digitRows(table, base, steps)), Number(values.seeds ?? 3), () => opened.dataset);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
