/**
 * What was saved of a trained network, read and run by programs that are not ours: readers written from the formats'
 * descriptions, ONNX Runtime, gcc.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web';
import protobuf from 'protobufjs/light.js';

export const hasGcc = spawnSync('gcc', ['--version']).status === 0;

export interface Tensor {
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

/** https://huggingface.co/docs/safetensors: 8 bytes of length, a header in JSON, the tensors. */
export function readSafetensors(file: Buffer): {
  tensors: Map<string, Tensor>;
  notes: Record<string, string>;
} {
  const length = Number(file.readBigUInt64LE(0));
  const { __metadata__: notes = {}, ...entries } = JSON.parse(file.toString('utf8', 8, 8 + length));
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries<{
    dtype: string;
    shape: number[];
    data_offsets: [number, number];
  }>(entries)) {
    const [from, to] = data_offsets.map((offset) => 8 + length + offset) as [number, number];
    tensors.set(name, { dtype, shape, bytes: file.subarray(from, to) });
  }
  return { tensors, notes };
}

const sizes = { F32: 4, I32: 4, U8: 1, I8: 1 } as const;
const readers = {
  F32: (bytes: Buffer, at: number) => bytes.readFloatLE(at),
  I32: (bytes: Buffer, at: number) => bytes.readInt32LE(at),
  U8: (bytes: Buffer, at: number) => bytes.readUInt8(at),
  I8: (bytes: Buffer, at: number) => bytes.readInt8(at),
};
export function numbersOf({ dtype, bytes }: Tensor): number[] {
  const type = dtype as keyof typeof sizes;
  return Array.from({ length: bytes.length / sizes[type] }, (_, i) => readers[type](bytes, i * sizes[type]));
}

/** Two's complement integers of so many bits, one after the other from the lowest bit of the first byte. */
export function unpack({ bytes }: Tensor, bits: number, count: number): number[] {
  const stream = [...bytes]
    .map((byte) => byte.toString(2).padStart(8, '0').split('').reverse().join(''))
    .join('');
  return Array.from({ length: count }, (_, i) => {
    const digits = stream.slice(i * bits, (i + 1) * bits);
    return [...digits].reduce((sum, digit, k) => sum + Number(digit) * (k === bits - 1 ? -1 : 1) * 2 ** k, 0);
  });
}

/** Examples as numbers, row-major, and the class of each. */
export interface Examples {
  count: number;
  shape: number[];
  numbers: Float32Array;
  labels: number[];
}

/** The test set in a PyTorch export's data.safetensors: bytes stand for value / 255. */
export function testSetOf(file: Buffer): Examples {
  const { tensors } = readSafetensors(file);
  const [x, y] = [tensors.get('test.x')!, tensors.get('test.y')!];
  const [count = 0, ...shape] = x.shape;
  const unit = x.dtype === 'U8' ? 255 : 1;
  return {
    count,
    shape,
    numbers: Float32Array.from(numbersOf(x), (value) => value / unit),
    labels: numbersOf(y),
  };
}

const argMax = (values: readonly number[]) => values.indexOf(Math.max(...values));
/** In percent, as the page writes it. */
export const accuracyOf = (answers: readonly number[], { labels, count }: Examples): string =>
  `${((100 * answers.filter((answer, i) => answer === labels[i]).length) / count).toFixed(1)} %`;

/** Classes that ONNX Runtime gives each example. */
export async function answersInOnnxRuntime(
  model: Buffer,
  { count, shape, numbers }: Examples,
): Promise<number[]> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(new Uint8Array(model));
  const { logits } = await session.run({ input: new ort.Tensor('float32', numbers, [count, ...shape]) });
  await session.release();
  const values = Array.from(logits!.data as Float32Array);
  const classes = values.length / count;
  return Array.from({ length: count }, (_, i) => argMax(values.slice(i * classes, (i + 1) * classes)));
}

/** Operators of an ONNX file, in order. The messages' fields are ONNX's. */
export async function operatorsOf(model: Buffer): Promise<string[]> {
  const descriptor = JSON.parse(await readFile('src/deploy/onnx/onnx.json', 'utf8'));
  const type = protobuf.Root.fromJSON(descriptor).lookupType('onnx.ModelProto');
  const decoded = type.toObject(type.decode(new Uint8Array(model))) as {
    graph: { node: { op_type: string }[] };
  };
  return decoded.graph.node.map(({ op_type }) => op_type);
}

const halfEven = (x: number): number => {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
};

/** Compiles a C export with every warning an error, and runs it on examples made into bytes as its header says. */
export async function answersInC(
  files: Readonly<Record<string, string>>,
  folder: string,
  { numbers }: Examples,
): Promise<number[]> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const sources = Object.keys(files).filter((name) => name.endsWith('.c'));
  const flags = ['-O2', '-std=c99', '-Wall', '-Werror'];
  execFileSync('gcc', [...flags, '-o', 'predict', ...sources], { cwd: folder, stdio: 'pipe' });
  const header = Object.entries(files).find(([name]) => name.endsWith('.h'))![1];
  const rule = /clamp\(rint\(x \/ ([-+.\de]+)\) \+ (\d+), (\d+), (\d+)\)/.exec(header)!;
  const [scale, zeroPoint, low, high] = rule.slice(1).map(Number) as [number, number, number, number];
  const bytes = Uint8Array.from(numbers, (x) =>
    Math.min(high, Math.max(low, halfEven(Math.fround(x / scale)) + zeroPoint)),
  );
  const printed = execFileSync('./predict', { cwd: folder, input: bytes }).toString();
  return printed.trim().split('\n').map(Number);
}
