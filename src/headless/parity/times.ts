/**
 * `npm run parity -- --times`: time for one test example as integers, with and without SIMD, of the float twin on WASM, and of an
 * ONNX file in ONNX Runtime for the web on one thread.
 */
import * as ort from 'onnxruntime-web';
import { volume } from '@/catalog/layers';
import { type OnnxStyle, toOnnx } from '@/deploy/onnx';
import type { Program } from '@/deploy/program';
import { timePerCall } from '@/experiment/timing';
import { floatTimes, integerTime, integerTimes, numbersOf, timedBatch } from '@/session/deployTimes';
import type { Trainer } from '@/session/trainer';

export const timeColumns = [
  'integers alone, µs',
  'integers in batches, µs',
  'integers in plain loops, µs',
  'float alone, µs',
  'float in batches of 100, µs',
  'ONNX Runtime alone, µs',
  'ONNX Runtime in batches of 100, µs',
];

const microseconds = (ms: number): string => (1000 * ms).toPrecision(3);

/** One cell for each column: medians of blocks of at least 20 ms. */
export async function timeCells(trainer: Trainer, program: Program, style: OnnxStyle): Promise<string[]> {
  const x = numbersOf(trainer, trainer.dataset.test.count);
  const integers = await integerTimes(program, x);
  const plain = await integerTime(program, x, { simd: false });
  const float = await floatTimes(trainer, x);
  const onnx = await onnxTimes(program, x, style);
  const together = `${microseconds(integers.batchMs)} (of ${integers.batch})`;
  return [
    microseconds(integers.ms),
    together,
    ...[plain, float.ms, float.batchMs, ...onnx].map((ms) => microseconds(ms)),
  ];
}

/** ms for one example, alone and in batches. */
async function onnxTimes(program: Program, x: Float32Array, style: OnnxStyle): Promise<number[]> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(toOnnx(program, style));
  const { shape } = program.values[program.input]!;
  const times: number[] = [];
  for (const count of [1, timedBatch]) {
    const input = new ort.Tensor('float32', x.slice(0, count * volume(shape)), [count, ...shape]);
    times.push((await timePerCall(() => session.run({ input }))) / count);
  }
  await session.release();
  return times;
}
