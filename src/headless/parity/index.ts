/**
 * The parity table of docs/deploy/parity.md: networks at several widths on generated digits and sums, trained, lowered to integers,
 * compared layer by layer, run as ONNX by ONNX Runtime, and compiled as C where there is a gcc.
 * `npm run parity [-- --steps 150] [--only gru] [--bits W8A8] [--style qdq]`, printed as Markdown; with `--times` the table of times in
 * docs/deploy.md instead.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackend } from '@/backend/start';
import type { Bits } from '@/catalog/bits';
import { type DatasetSpec, datasetKinds } from '@/catalog/datasets';
import { type LayerSpec, layerKinds } from '@/catalog/layers';
import { activationSite, weightSite } from '@/catalog/quantizers';
import { makeDataset } from '@/data';
import { type OnnxStyle, onnxStyles } from '@/deploy/onnx';
import { NoIntegerForm } from '@/deploy/program';
import { encodeLink } from '@/experiment/link';
import { experimentFor, networkPresets } from '@/experiment/presets';
import type { Experiment } from '@/experiment/schema';
import { modelSize } from '@/experiment/size';
import { parityOf, programOf } from '@/session/deploy';
import { Stepper } from '@/session/stepper';
import { Trainer } from '@/session/trainer';
import { percent } from '../experiment';
import { examplesOf, inC, inOnnxRuntime, type Verdict } from './elsewhere';
import { timeCells, timeColumns } from './times';

const digits: DatasetSpec = { ...datasetKinds.digits.defaults, samples: 1500, testShare: 1 / 3 };
const sums: DatasetSpec = { ...datasetKinds.addition.defaults, samples: 1500, testShare: 1 / 3 };

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
  LSTM: networkPresets.lstm.layers,
  Transformer: networkPresets.transformer.layers,
  'Character transformer': networkPresets.characters.layers,
};
/** Networks of the table of times alone. */
const timedToo: Record<string, LayerSpec[]> = { 'CNN 8-16': networkPresets.cnn.layers };
/** What networks that do not read digits are trained on. */
const otherData: Partial<Record<string, DatasetSpec>> = { 'Character transformer': sums };

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

const columns = [
  'network',
  'bits',
  'LSB, evaluation',
  'LSB, training forward',
  'predictions that differ (evaluation, training)',
  'integer engine',
  'ONNX Runtime, differ',
  'C, differ',
  'model bytes',
  'flash (size)',
  'RAM (size)',
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string' },
      only: { type: 'string' },
      bits: { type: 'string' },
      style: { type: 'string' },
      times: { type: 'boolean' },
    },
  });
  const style = (values.style ?? 'int8') as OnnxStyle;
  if (!(style in onnxStyles)) throw new Error(`--style is one of ${Object.keys(onnxStyles).join(', ')}.`);
  const steps = Number(values.steps ?? 150);
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  await startBackend('wasm', dirname(entry) + sep);
  const heads = values.times ? [...columns.slice(0, 2), ...timeColumns] : columns;
  console.log(`| ${heads.join(' | ')} |\n|${'---|'.repeat(heads.length)}`);
  const links: string[] = [];
  const reasons = new Set<string>();
  for (const [name, layers] of Object.entries({ ...networks, ...(values.times ? timedToo : {}) })) {
    if (values.only && !name.toLowerCase().includes(values.only.toLowerCase())) continue;
    const data = otherData[name] ?? digits;
    for (const [label, of] of Object.entries(widths)) {
      if (values.bits && label !== values.bits) continue;
      const experiment: Experiment = {
        ...experimentFor(data, 1),
        layers: atWidths(layers, of),
        stop: { steps },
      };
      const dataset = makeDataset(data as Exclude<DatasetSpec, { kind: 'own' }>, 1);
      const trainer = new Trainer(experiment, dataset);
      await new Stepper(trainer, () => [], true).burst(Number.POSITIVE_INFINITY, steps);
      links.push(`${name}, ${label}: \`#${encodeLink(experiment)}\``);
      try {
        const program = await programOf(trainer, 'qat');
        if (values.times) {
          console.log(`| ${[name, label, ...(await timeCells(trainer, program, style))].join(' | ')} |`);
          trainer.dispose();
          continue;
        }
        const parity = await parityOf(trainer, 'qat', program);
        const examples = examplesOf(program, dataset);
        const onnx = await inOnnxRuntime(program, examples, style);
        if (typeof onnx === 'string') reasons.add(onnx);
        const c = inC(program, examples);
        const most = (pass: 'evaluation' | 'training') =>
          Math.max(...parity.layers.map((layer) => layer[pass].lsb));
        const elsewhere = ({ accuracy, different }: Verdict) => `${percent(accuracy)}, ${different}`;
        const cells = [
          name,
          label,
          most('evaluation'),
          most('training'),
          `${parity.mismatches.evaluation}, ${parity.mismatches.training}`,
          percent(parity.accuracy.integer),
          typeof onnx === 'string' ? 'no form' : elsewhere(onnx),
          c ? elsewhere(c) : '- (no gcc)',
          modelSize(experiment).total,
          c ? `${c.flashData} (${c.flash})` : '- (no gcc)',
          c ? `${c.ram} (${c.bss})` : '- (no gcc)',
        ];
        console.log(`| ${cells.join(' | ')} |`);
      } catch (error) {
        if (!(error instanceof NoIntegerForm)) throw error;
        console.log(`| ${name} | ${label} | ${error.message} |`);
      }
      trainer.dispose();
    }
  }
  if (reasons.size > 0) console.log(`\nNo form: ${[...reasons].join(' ')}`);
  console.log(`\n${links.map((link) => `- ${link}`).join('\n')}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
