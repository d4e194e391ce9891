/**
 * The tables of docs/results, printed as Markdown with the link of each row's first seed.
 * `npm run results -- toy|addition [--seeds N] [--only NAME] [--keep FILE]`: generated data.
 * `npm run results -- selective|joint|ranks|hybrid|schedules|adaround|cost [--seeds 3] [--only NETWORK] [--keep FILE]`:
 * see ./plans.
 * `npm run results -- oscillation [--seeds 3] [--only NAME]`: oscillating weights left free, damped and frozen.
 * `npm run results -- lsq|weights|groups|activations|gru|lstm|transformer|resnet|depthwise --images IDX --labels IDX …`:
 * digits. `--keep` names a file of finished runs, with which an interrupted table goes on.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@/backend/start';
import { openFiles } from '@/data';
import { experimentFor } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { printOscillation } from './oscillation';
import { type PlanTable, planTables } from './plans';
import { additionTable, digitsNetworks, networkRows } from './results/networks';
import { printTable } from './results/print';
import { quantizerTables } from './results/quantizers';
import type { Row, Table } from './results/rows';
import { toyTable } from './results/toy';

const generated: Record<string, () => Table> = { toy: toyTable, addition: additionTable };
const onDigits: Record<string, (base: Experiment, stepsPerEpoch: number) => Row[]> = {
  ...quantizerTables,
  ...Object.fromEntries(
    digitsNetworks.map((network) => [
      network,
      (base: Experiment, stepsPerEpoch: number) => networkRows(network, base, stepsPerEpoch),
    ]),
  ),
};

const usage = `Usage: npm run results -- ${[...Object.keys(generated), 'oscillation', ...Object.keys(planTables), ...Object.keys(onDigits)].join('|')} [--images IDX --labels IDX] [--seeds N] [--only NAME] [--keep FILE]`;

async function digitsTable(name: string, images: string, labels: string): Promise<Table> {
  const files = [images, labels].map((path) => ({
    name: basename(path),
    bytes: new Uint8Array(readFileSync(path)),
  }));
  const opened = await openFiles(files, {});
  if (opened.kind !== 'dataset') throw new Error('--images and --labels must name two IDX files.');
  const base = experimentFor(opened.spec);
  const stepsPerEpoch = Math.floor(opened.spec.train / base.batchSize);
  return { rows: onDigits[name]!(base, stepsPerEpoch), seeds: 3, dataset: () => opened.dataset };
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { images: text, labels: text, seeds: text, only: text, keep: text };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [name = ''] = positionals;
  const { images, labels, only = '', keep } = values;
  const known =
    name in generated ||
    name === 'oscillation' ||
    name in planTables ||
    (name in onDigits && images && labels);
  if (!known) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  await startBackend('wasm', dirname(entry) + sep);
  if (name === 'oscillation') {
    await printOscillation(
      Array.from({ length: Number(values.seeds ?? 3) }, (_, index) => 1 + index),
      only,
    );
    return;
  }
  if (Object.hasOwn(planTables, name)) {
    const seeds = Array.from({ length: Number(values.seeds ?? 3) }, (_, index) => 1 + index);
    await planTables[name as PlanTable]({ seeds, only, keep });
    return;
  }
  const table = generated[name]?.() ?? (await digitsTable(name, images!, labels!));
  const rows = table.rows.filter((row) => row.name.includes(only));
  await printTable({ ...table, rows }, Number(values.seeds ?? table.seeds), keep);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
