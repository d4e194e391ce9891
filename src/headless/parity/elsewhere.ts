/** The exports of a program run outside this project on a test set: by ONNX Runtime, and compiled by gcc. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import { volume } from '@/catalog/layers';
import type { Dataset } from '@/data/dataset';
import { exportC } from '@/deploy/c';
import { batchOf, IntegerEngine, quantizeInput } from '@/deploy/engine';
import { type OnnxStyle, toOnnx } from '@/deploy/onnx';
import type { Program } from '@/deploy/program';
import { ExportRefused } from '@/deploy/refusal';
import { answersOf, sameAnswers } from '@/experiment/answers';

/** The test set as the exports take it, and what the integer engine answers. */
export interface Examples {
  count: number;
  /** Numbers of each example, as ONNX takes them. */
  numbers: readonly Float32Array[];
  /** [count, ...inputShape] */
  dims: readonly number[];
  /** q of each example, as C takes them. */
  integers: readonly Uint8Array[];
  labels: readonly (readonly number[])[];
  classes: number;
  /** Of the integer engine. */
  answers: readonly (readonly number[])[];
}

export function examplesOf(program: Program, { test, inputShape, labelsPerExample, classNames }: Dataset) {
  const size = volume(inputShape);
  const unit = test.x instanceof Uint8Array ? 255 : 1;
  const each = <T>(make: (index: number) => T) => Array.from({ length: test.count }, (_, i) => make(i));
  const numbers = each((i) => Float32Array.from(test.x.subarray(i * size, (i + 1) * size), (x) => x / unit));
  const labels = each((i) => [...test.y.subarray(i * labelsPerExample, (i + 1) * labelsPerExample)]);
  const engine = new IntegerEngine(program, { batch: batchOf(program) });
  const integers = numbers.map((one) => Uint8Array.from(quantizeInput(program, one)));
  const classes = classNames.length;
  const answers: number[][] = [];
  engine.runAll(Float32Array.from(numbers.flatMap((one) => [...one])), (logits, at, i) =>
    answers.push(answersOf(logits, at, classes, labels[i]!)),
  );
  return {
    count: test.count,
    numbers,
    dims: [test.count, ...inputShape],
    integers,
    labels,
    classes,
    answers,
  };
}

export interface Verdict {
  /** Share of examples all of whose answers are right. */
  accuracy: number;
  /** Examples answered otherwise than by the integer engine. */
  different: number;
}

function verdictOf({ count, labels, answers }: Examples, found: readonly (readonly number[])[]): Verdict {
  const right = found.filter((given, i) => sameAnswers(given, labels[i]!)).length;
  const different = found.filter((given, i) => !sameAnswers(given, answers[i]!)).length;
  return { accuracy: right / count, different };
}

/** An ONNX file in ONNX Runtime for the web; where it has no such file, why. */
export async function inOnnxRuntime(
  program: Program,
  examples: Examples,
  style: OnnxStyle,
): Promise<Verdict | string> {
  ort.env.wasm.numThreads = 1;
  try {
    const session = await ort.InferenceSession.create(toOnnx(program, style));
    const [, ...shape] = examples.dims;
    const found: number[][] = [];
    for (const [i, one] of examples.numbers.entries()) {
      const { logits } = await session.run({ input: new ort.Tensor('float32', one, [1, ...shape]) });
      found.push(answersOf(logits!.data as Float32Array, 0, examples.classes, examples.labels[i]!));
    }
    await session.release();
    return verdictOf(examples, found);
  } catch (error) {
    if (error instanceof ExportRefused) return error.message;
    throw error;
  }
}

export interface Compiled extends Verdict {
  /** Bytes of constant data, and text and data of the object file as `size` says. */
  flashData: number;
  flash: number;
  /** Bytes of the planned block, and bss as `size` says. */
  ram: number;
  bss: number;
}

/** The C export compiled by gcc and run; undefined where there is no gcc. @throws if gcc refuses it */
export function inC(program: Program, examples: Examples): Compiled | undefined {
  if (spawnSync('gcc', ['--version']).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'qat-parity-'));
  try {
    const exported = exportC(program, 'parity');
    for (const { name, text } of exported.files) writeFileSync(join(folder, name), text);
    const flags = ['-O2', '-std=c99', '-Wall', '-Werror'];
    const sources = exported.files.map(({ name }) => name).filter((name) => name.endsWith('.c'));
    const run = (command: string, parameters: string[], input?: Uint8Array) => {
      const ran = spawnSync(command, parameters, {
        cwd: folder,
        maxBuffer: 2 ** 28,
        ...(input ? { input } : {}),
      });
      if (ran.status !== 0) throw new Error(`${command} failed: ${ran.stderr}`);
      return ran.stdout.toString().trim();
    };
    run('gcc', [...flags, '-o', 'predict', ...sources]);
    const lines = run('./predict', [], Buffer.concat(examples.integers)).split('\n');
    const found = lines.map((line, i) => {
      const given = line.split(' ').map(Number);
      return examples.labels[i]!.map((label, k) => (label < 0 ? label : given[k]!));
    });
    run('gcc', [...flags, '-c', '-o', 'model.o', sources[0]!]);
    const [, line = ''] = run('size', ['model.o']).split('\n');
    const [text = 0, data = 0, bss = 0] = line.trim().split(/\s+/).map(Number);
    const { flashData, ram } = exported;
    return { ...verdictOf(examples, found), flashData, flash: text + data, ram, bss };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
