/** ONNX Runtime in a worker of its own, so that neither the page nor training waits for it. Judges one model, and ends. */

import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';
import { answersOf, sameAnswers } from '@/experiment/answers';
import { timePerCall } from '@/experiment/timing';
import type { Times, Trial } from '@/session/deployProtocol';

export interface Judged {
  accuracy: number;
  /** Examples whose answer differs from the integer engine's. */
  different: number;
  times: Times;
}
export type Verdict = { judged: Judged } | { failed: string };

/** Examples at once. */
const most = 100;

ort.env.wasm.wasmPaths = { wasm: wasmUrl };
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

async function judge(trial: Trial): Promise<Judged> {
  const { x, y, count, shape, classes, labelsPerExample, predicted } = trial;
  const session = await ort.InferenceSession.create(trial.model);
  const size = x.length / count;
  const run = async (from: number, to: number) => {
    const input = new ort.Tensor('float32', x.subarray(from * size, to * size), [to - from, ...shape]);
    return (await session.run({ input })).logits!.data as Float32Array;
  };
  let [right, different] = [0, 0];
  const batch = Math.min(most, count);
  for (let from = 0; from < count; from += batch) {
    const to = Math.min(from + batch, count);
    const logits = await run(from, to);
    for (let i = from; i < to; i++) {
      const at = (i - from) * classes * labelsPerExample;
      const labels = (all: ArrayLike<number>) =>
        Array.from({ length: labelsPerExample }, (_, k) => all[i * labelsPerExample + k]!);
      const asked = labels(y);
      const given = answersOf(logits, at, classes, asked);
      if (sameAnswers(given, asked)) right++;
      if (!sameAnswers(given, labels(predicted))) different++;
    }
  }
  const ms = await timePerCall((i) => run(i % count, (i % count) + 1));
  const batches = Math.floor(count / batch);
  const together = await timePerCall((i) => run((i % batches) * batch, ((i % batches) + 1) * batch));
  await session.release();
  return { accuracy: right / count, different, times: { ms, batchMs: together / batch, batch } };
}

self.onmessage = async ({ data }: MessageEvent<Trial>) => {
  const answer = (verdict: Verdict) => self.postMessage(verdict);
  try {
    answer({ judged: await judge(data) });
  } catch (error) {
    answer({ failed: error instanceof Error ? error.message : String(error) });
  }
};
