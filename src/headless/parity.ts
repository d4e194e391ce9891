/**
 * The parity table of docs/deploy.md: networks at several widths on generated digits, trained, lowered to integers, compared
 * layer by layer, and compiled as C where there is a gcc. `npm run parity [-- --steps 150]`, printed as Markdown.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@/backend/start';
import type { Bits } from '@/catalog/bits';
import { type DatasetSpec, datasetKinds } from '@/catalog/datasets';
import { type LayerSpec, layerKinds, volume } from '@/catalog/layers';
import { activationSite, weightSite } from '@/catalog/quantizers';
import { makeDataset } from '@/data';
import { exportC } from '@/deploy/c';
import { quantizeInput } from '@/deploy/engine';
import { NoIntegerForm, type Program } from '@/deploy/program';
import { encodeLink } from '@/experiment/link';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { modelSize } from '@/experiment/size';
import { parityOf, programOf } from '@/session/deploy';
import { Stepper } from '@/session/stepper';
import { Trainer } from '@/session/trainer';
import { percent } from './experiment';

const digits: DatasetSpec = { ...datasetKinds.digits.defaults, samples: 1500, testShare: 1 / 3 };

const conv = (filters: number): LayerSpec => ({ ...layerKinds.conv2d.defaults, filters, kernelSize: 5 });
const dense = (units: number | undefined): LayerSpec => ({
  kind: 'dense',
  ...(units === undefined ? {} : { units }),
  norm: 'none',
  activation: units === undefined ? 'linear' : 'relu',
  weights: weightSite(8),
  activations: activationSite(units === undefined ? 32 : 8),
});
const pool: LayerSpec = { kind: 'maxPool2d', size: 2 };

const networks: Record<string, LayerSpec[]> = {
  'MLP 128-64': networkPresets.wideMlp.layers,
  'LeNet CNN': [conv(6), pool, conv(16), pool, dense(120), dense(84), dense(undefined)],
  'Depthwise CNN': networkPresets.depthwise.layers,
  'Mini-ResNet': networkPresets.resnet.layers,
  GRU: networkPresets.gru.layers,
  Transformer: networkPresets.transformer.layers,
};

type Widths = (index: number, layers: number) => { weights: Bits; activations: Bits };
const uniform =
  (weights: Bits, activations: Bits): Widths =>
  () => ({ weights, activations });
const widths: Record<string, Widths> = {
  W8A8: uniform(8, 8),
  W4A8: uniform(4, 8),
  W4A4: uniform(4, 4),
  W2A4: uniform(2, 4),
  'mixed: 8 at both ends, 3 and 5 between': (index, layers) =>
    index === 0 || index >= layers - 1
      ? { weights: 8, activations: 8 }
      : { weights: index % 2 === 0 ? 3 : 5, activations: index % 2 === 0 ? 5 : 3 },
};

/** Every site at the widths of its layer; the last layer's outputs and what has 32 bits by default stay. */
function atWidths(layers: readonly LayerSpec[], of: Widths): LayerSpec[] {
  return layers.map((spec, index) => {
    const { weights, activations } = of(index, layers.length);
    const changed: Record<string, unknown> = {};
    for (const [key, site] of Object.entries(spec)) {
      if (typeof site !== 'object' || site === null || !('bits' in site)) continue;
      const isWeights = 'granularity' in site;
      changed[key] = {
        ...site,
        bits: isWeights ? weights : site.bits === 32 || index === layers.length - 1 ? 32 : activations,
      };
    }
    return { ...spec, ...changed } as LayerSpec;
  });
}

/** Compiles the C export, runs it on the test set, and reads its size. */
function inC(program: Program, dataset: ReturnType<typeof makeDataset>) {
  const folder = mkdtempSync(join(tmpdir(), 'qat-parity-'));
  try {
    const exported = exportC(program, 'parity');
    for (const { name, text } of exported.files) writeFileSync(join(folder, name), text);
    const flags = ['-O2', '-std=c99', '-Wall', '-Werror'];
    const sources = exported.files.map(({ name }) => name).filter((name) => name.endsWith('.c'));
    const run = (command: string, parameters: string[], input?: Uint8Array) =>
      spawnSync(command, parameters, { cwd: folder, maxBuffer: 2 ** 28, ...(input ? { input } : {}) });
    if (run('gcc', [...flags, '-o', 'predict', ...sources]).status !== 0) return undefined;
    const { test, inputShape } = dataset;
    const size = volume(inputShape);
    const unit = test.x instanceof Uint8Array ? 255 : 1;
    const bytes = new Uint8Array(test.count * size);
    for (let i = 0; i < test.count; i++) {
      const numbers = Array.from(test.x.subarray(i * size, (i + 1) * size), (x) => x / unit);
      bytes.set(quantizeInput(program, numbers), i * size);
    }
    const answers = run('./predict', [], bytes).stdout.toString().trim().split('\n').map(Number);
    const right = answers.filter((answer, i) => answer === test.y[i]).length;
    run('gcc', [...flags, '-c', '-o', 'model.o', sources[0]!]);
    const [, line = ''] = run('size', ['model.o']).stdout.toString().split('\n');
    const [text = 0, data = 0, bss = 0] = line.trim().split(/\s+/).map(Number);
    return { accuracy: right / test.count, flash: text + data, bss, exported };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { steps: { type: 'string' }, only: { type: 'string' } } });
  const steps = Number(values.steps ?? 150);
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  await startBackend('wasm', dirname(entry) + sep);
  console.log(
    '| network | bits | LSB, evaluation | LSB, training forward | predictions that differ (evaluation, training) | integer engine % | C % | model bytes | flash (size) | RAM (size) | engine ms |\n|---|---|---|---|---|---|---|---|---|---|---|',
  );
  const links: string[] = [];
  for (const [name, layers] of Object.entries(networks)) {
    if (values.only && !name.toLowerCase().includes(values.only.toLowerCase())) continue;
    for (const [label, of] of Object.entries(widths)) {
      const experiment: Experiment = {
        ...experimentFor(digits, 1),
        layers: atWidths(layers, of),
        stop: { steps },
      };
      const dataset = makeDataset(digits as Exclude<DatasetSpec, { kind: 'own' }>, 1);
      const trainer = new Trainer(experiment, dataset);
      await new Stepper(trainer, () => [], true).burst(Number.POSITIVE_INFINITY, steps);
      links.push(`${name}, ${label}: \`#${encodeLink(experiment)}\``);
      try {
        const program = await programOf(trainer, 'qat');
        const parity = await parityOf(trainer, 'qat', program);
        const c = inC(program, dataset);
        const most = (pass: 'evaluation' | 'training') =>
          Math.max(...parity.layers.map((layer) => layer[pass].lsb));
        const cells = [
          name,
          label,
          most('evaluation'),
          most('training'),
          `${parity.mismatches.evaluation}, ${parity.mismatches.training}`,
          percent(parity.accuracy.integer),
          c ? percent(c.accuracy) : 'no gcc',
          modelSize(experiment).total,
          c ? `${c.exported.flashData} (${c.flash})` : '',
          c ? `${c.exported.ram} (${c.bss})` : '',
          parity.engineMs.toFixed(2),
        ];
        console.log(`| ${cells.join(' | ')} |`);
      } catch (error) {
        if (!(error instanceof NoIntegerForm)) throw error;
        console.log(`| ${name} | ${label} | ${error.message} |`);
      }
      trainer.dispose();
    }
  }
  console.log(`\n${links.map((link) => `- ${link}`).join('\n')}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
