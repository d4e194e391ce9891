/**
 * The accuracy table of the README: the CNN preset on an IDX pair at several uniform widths, mean of some seeds.
 * `npm run table -- --images IDX --labels IDX [--seeds 3] [--epochs 10] [--keep FILE]`, printed as Markdown.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@/backend/start';
import type { Bits } from '@/catalog/bits';
import { openFiles } from '@/data';
import { experimentFor } from '@/experiment/presets';
import { printTable } from './results/print';
import { uniform } from './results/rows';
import { withSites } from './sums';

const widths = [8, 4, 3, 2] as const satisfies readonly Bits[];

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { images: text, labels: text, seeds: text, epochs: text, keep: text },
  });
  const { images, labels } = values;
  if (!images || !labels) {
    console.error(
      'Usage: npm run table -- --images IDX --labels IDX [--seeds 3] [--epochs 10] [--keep FILE]',
    );
    process.exitCode = 2;
    return;
  }
  const files = [images, labels].map((path) => ({
    name: basename(path),
    bytes: new Uint8Array(readFileSync(path)),
  }));
  const opened = await openFiles(files, {});
  if (opened.kind !== 'dataset') throw new Error('--images and --labels must name two IDX files.');
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  await startBackend('wasm', dirname(entry) + sep);

  const base = experimentFor(opened.spec);
  const steps = Number(values.epochs ?? 10) * Math.floor(opened.spec.train / base.batchSize);
  // Every layer's weights and every output but the logits; the input row stays at 8.
  const rows = widths.map((bits) => ({
    name: `W${bits}A${bits}`,
    experiment: withSites(base, uniform(bits, 'absmax', 'ema')),
    steps,
  }));
  const seeds = Number(values.seeds ?? 3);
  await printTable({ rows, seeds, dataset: () => opened.dataset }, seeds, values.keep);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
