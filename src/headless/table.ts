/**
 * The accuracy table of the README: the CNN preset on an IDX pair at several uniform widths, mean of some seeds.
 * `npm run table -- --images IDX --labels IDX [--seeds 3] [--epochs 10]`, printed as Markdown.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@/backend/start';
import type { Bits } from '@/catalog/bits';
import { openFiles } from '@/data';
import { encodeLink } from '@/experiment/link';
import { experimentFor } from '@/experiment/presets';
import { runExperiment } from './experiment';
import { cell, withSites } from './sums';

const widths = [8, 4, 3, 2] as const satisfies readonly Bits[];
const firstSeed = 1;

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { images: text, labels: text, seeds: text, epochs: text } });
  const { images, labels } = values;
  if (!images || !labels) {
    console.error('Usage: npm run table -- --images IDX --labels IDX [--seeds 3] [--epochs 10]');
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
  console.log('| bits | float % | PTQ % | QAT % | bytes | experiment |\n|---|---|---|---|---|---|');
  for (const bits of widths) {
    // Every layer's weights and every output but the logits; the input row stays at 8.
    const atBits = withSites(base, ({ last }) => ({
      weights: { bits },
      activations: { bits: last ? 32 : bits },
    }));
    const experiment = { ...atBits, stop: { steps } };
    const accuracy: Record<'float' | 'ptq' | 'qat', number[]> = { float: [], ptq: [], qat: [] };
    let bytes = 0;
    for (let i = 0; i < Number(values.seeds ?? 3); i++) {
      const seed = firstSeed + i;
      const report = await runExperiment({ ...experiment, seed }, opened.dataset, steps, (s) =>
        console.error(`W${bits}A${bits} seed ${seed} ${s}`),
      );
      for (const name of ['float', 'ptq', 'qat'] as const) accuracy[name].push(report[name].accuracy);
      bytes = report.bytes.quantized;
    }
    const link = `#${encodeLink({ ...experiment, seed: firstSeed })}`;
    const { float, ptq, qat } = accuracy;
    console.log(
      `| W${bits}A${bits} | ${cell(float)} | ${cell(ptq)} | ${cell(qat)} | ${bytes} | \`${link}\` |`,
    );
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
