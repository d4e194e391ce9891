/** The terminal's entry: reads the arguments and files, runs the experiment, prints a table or one JSON object. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { BackendError, startBackend } from '@/backend/start';
import { DataFileError, makeDataset, openFiles } from '@/data';
import type { Dataset } from '@/data/dataset';
import { experimentFromFile } from '@/experiment/file';
import { decodeLink } from '@/experiment/link';
import { defaultExperiment, experimentFor } from '@/experiment/presets';
import { type Experiment, experimentSchema, maxSteps } from '@/experiment/schema';
import { defaultSteps } from '@/experiment/steps';
import { maxSweepBytes, sweepFromFile } from '@/experiment/sweep/definition';
import { DivergedError, percent, type Report, runExperiment } from './experiment';
import { exportAll } from './export';
import { printSweep, runSweep } from './sweep';

const usage = `Usage: npm run experiment -- ['<link or file>'] [--steps N] [--seed N] [--images IDX --labels IDX] [--export FOLDER] [--json]
       npm run experiment -- --sweep FILE [--json]
       npm run experiment -- --help`;

const explained = `${usage}

Trains an experiment in the terminal, deterministic, and prints accuracy, parity of the integers, size and layers.

  '<link or file>'   a link as Share copies it, in quotes, or a file that Export saved; absent: the default experiment
  --steps N          train so many steps (1 to ${maxSteps}); absent: the experiment's own stop
  --seed N           another seed (0 to 4294967295)
  --images, --labels an IDX pair (MNIST and its kin, gzipped or not) as the data; without an experiment the digits CNN
  --export FOLDER    write ONNX, C, PyTorch, safetensors and the experiment there
  --sweep FILE       run every experiment of a sweep that the Sweep tab saved
  --json             nothing on stdout but one JSON object

Exit status: 1 bad input, 2 bad usage.`;

/** Input that a person can mend: exit status 1. */
class InputError extends Error {}
/** Arguments that make no sense: exit status 2. */
class UsageError extends Error {}

interface Arguments {
  source: string | undefined;
  steps: number | undefined;
  seed: number | undefined;
  files: [images: string, labels: string] | undefined;
  folder: string | undefined;
  sweep: string | undefined;
  json: boolean;
  help: boolean;
}

function integer(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[0-9]{1,10}$/.test(text) || value < min || value > max)
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}.`);
  return value;
}

function readArguments(): Arguments {
  const text = { type: 'string' } as const;
  const options = {
    ...{ steps: text, seed: text, images: text, labels: text, sweep: text, export: text },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    if (positionals.length > 1)
      throw new UsageError('Give one link or file; put it in quotes, because it may hold a semicolon.');
    const { images, labels } = values;
    if ((images === undefined) !== (labels === undefined))
      throw new UsageError('--images and --labels go together.');
    const { sweep, json = false, help = false, ...others } = values;
    if (values.export === '') throw new UsageError('--export needs the name of a folder.');
    if (sweep !== undefined && (positionals.length > 0 || Object.keys(others).length > 0))
      throw new UsageError('--sweep goes with --json alone: its file says what is run.');
    return {
      source: positionals[0],
      steps: integer('steps', values.steps, 1, maxSteps),
      seed: integer('seed', values.seed, 0, 2 ** 32 - 1),
      files: images !== undefined && labels !== undefined ? [images, labels] : undefined,
      folder: values.export,
      ...{ sweep, json, help },
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

/** A long link is too long for a file's name, which the system answers by an error. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function readExperiment(source: string): Experiment {
  const result = isFile(source)
    ? experimentFromFile(readFileSync(source, 'utf8'), basename(source))
    : decodeLink(source);
  if (!result.ok) throw new InputError(result.message);
  return result.experiment;
}

async function openPair(paths: [string, string]) {
  const files = paths.map((path) => {
    if (!isFile(path)) throw new InputError(`There is no file ${path}.`);
    return { name: basename(path), bytes: new Uint8Array(readFileSync(path)) };
  });
  const opened = await openFiles(files, {});
  if (opened.kind !== 'dataset') throw new InputError('--images and --labels must name two IDX files.');
  return opened;
}

/** The experiment asked for with its data: an IDX pair replaces the data, or starts the digits CNN preset. */
async function prepare({
  source,
  seed,
  files,
}: Arguments): Promise<{ experiment: Experiment; dataset: Dataset }> {
  let experiment = source === undefined ? defaultExperiment : readExperiment(source);
  let dataset: Dataset | undefined;
  if (files) {
    const opened = await openPair(files);
    dataset = opened.dataset;
    experiment = source === undefined ? experimentFor(opened.spec) : { ...experiment, dataset: opened.spec };
  }
  const checked = experimentSchema.safeParse({ ...experiment, seed: seed ?? experiment.seed });
  if (!checked.success)
    throw new InputError(`The experiment does not fit these files: ${checked.error.issues[0]?.message}`);
  experiment = checked.data;
  if (!dataset) {
    if (experiment.dataset.kind === 'own')
      throw new InputError(
        `The experiment uses ${experiment.dataset.name}, which a link does not carry: give the files by --images and --labels.`,
      );
    dataset = makeDataset(experiment.dataset, experiment.seed);
  }
  return { experiment, dataset };
}

function print(report: Report): void {
  const { float, ptq, qat, bytes, stepMs, dataset } = report;
  const rows = report.layers.map((layer) => ({
    layer: layer.name,
    parameters: layer.parameters,
    MACs: layer.macs,
    W: layer.weightBits ?? '',
    A: layer.activationBits ?? '',
    bytes: layer.bytes,
    'SQNR dB': layer.sqnrDb === null ? '' : Number(layer.sqnrDb.toFixed(1)),
  }));
  console.log(
    `${dataset.name}: ${dataset.train} training and ${dataset.test} test examples, ${report.steps} steps, seed ${report.seed}`,
  );
  console.log(
    `test accuracy: float ${percent(float.accuracy)}, PTQ ${percent(ptq.accuracy)}, QAT ${percent(qat.accuracy)}`,
  );
  const { integer, parity, noIntegers } = report;
  if (integer && parity) {
    const largest = Math.max(...parity.layers.map(({ evaluation }) => evaluation.lsb));
    console.log(
      `as integers: ${percent(integer.accuracy)}, ${integer.mismatches} predictions differ, no layer by more than ${largest} LSB; from the training forward pass ${parity.mismatches.training} differ`,
    );
  } else console.log(`no integer form: ${noIntegers}`);
  console.log(
    `model size: ${bytes.quantized} B of ${bytes.float} B float; RAM for activations ${bytes.ram} B`,
  );
  console.log(
    `per step: float ${stepMs.float.toFixed(2)} ms, QAT ${stepMs.qat.toFixed(2)} ms (${report.backend}, ${report.mode})`,
  );
  console.table(rows);
  console.log(`#${report.link}`);
}

function readSweep(path: string) {
  if (!isFile(path)) throw new InputError(`There is no file ${path}.`);
  if (statSync(path).size > maxSweepBytes)
    throw new InputError(`${basename(path)} is larger than 2 MB, the most that a sweep file may have.`);
  const read = sweepFromFile(readFileSync(path, 'utf8'), basename(path));
  if (!read.ok) throw new InputError(read.message);
  const own = read.experiments.find(({ dataset }) => dataset.kind === 'own');
  if (own)
    throw new InputError(
      `The sweep uses data of its own, which a file does not carry: in the terminal a sweep runs on generated data.`,
    );
  return read;
}

async function sweepMain(path: string, json: boolean): Promise<void> {
  const { sweep, experiments } = readSweep(path);
  await start();
  const report = await runSweep(sweep, experiments, json ? () => {} : (text) => console.error(text));
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printSweep(report);
  if (report.failed.length === 0) return;
  const { length } = report.failed;
  console.error(
    `${length === 1 ? 'One run' : `${length} runs`} of the sweep diverged; try a lower learning rate.`,
  );
  process.exitCode = 1;
}

async function start(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  await startBackend('wasm', dirname(entry) + sep);
}

/** Before a long training, not after it. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new InputError(`The folder ${path} could not be made: ${(error as Error).message}`);
  }
}

async function main(): Promise<void> {
  const parsed = readArguments();
  if (parsed.help) return console.log(explained);
  if (parsed.sweep !== undefined) return sweepMain(parsed.sweep, parsed.json);
  const { experiment, dataset } = await prepare(parsed);
  if (parsed.folder !== undefined) makeFolder(parsed.folder);
  await start();
  const steps = parsed.steps ?? experiment.stop.steps ?? defaultSteps(experiment);
  const { json, folder } = parsed;
  const say = (sentence: string) => console.error(sentence);
  const stopped = { ...experiment, stop: { ...experiment.stop, steps } };
  const report = await runExperiment(
    ...([experiment, dataset, steps, json ? () => {} : say, undefined] as const),
    folder === undefined ? undefined : (trainer) => exportAll(trainer, stopped, folder, say),
  );
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else print(report);
}

main().catch((error: unknown) => {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n${usage}`);
    process.exitCode = 2;
    return;
  }
  const known = [InputError, DataFileError, DivergedError, BackendError].some(
    (kind) => error instanceof kind,
  );
  console.error(known ? (error as Error).message : error);
  process.exitCode = 1;
});
