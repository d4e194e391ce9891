/** ONNX Runtime in a worker of its own, so that neither the page nor training waits for it. Judges one model, and ends. */

import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';
import type { Trial } from '@/session/deployProtocol';

export interface Judged {
  accuracy: number;
  /** Examples whose answer differs from the integer engine's. */
  different: number;
  /** Median time for one example alone, in ms. */
  ms: number;
}
export type Verdict = { judged: Judged } | { failed: string };

/** Examples at once for the accuracy, and single ones for the time. */
const batch = 100;
const timed = 200;

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
  for (let from = 0; from < count; from += batch) {
    const to = Math.min(from + batch, count);
    const logits = await run(from, to);
    for (let i = from; i < to; i++) {
      const at = (i - from) * classes * labelsPerExample;
      const answer = answerOf(logits, at, classes, y, i * labelsPerExample, labelsPerExample);
      if (answer.right) right++;
      const given = labelsPerExample === 1 ? answer.last : Number(answer.right);
      if (given !== predicted[i]) different++;
    }
  }
  const times: number[] = [];
  for (let i = 0; i < Math.min(timed, count); i++) {
    const began = performance.now();
    await run(i, i + 1);
    times.push(performance.now() - began);
  }
  await session.release();
  const sorted = times.sort((a, b) => a - b);
  return { accuracy: right / count, different, ms: sorted[Math.floor(sorted.length / 2)]! };
}

/** The likeliest class at each position that is asked about; right where all of them are. */
function answerOf(
  logits: ArrayLike<number>,
  at: number,
  classes: number,
  labels: ArrayLike<number>,
  first: number,
  count: number,
) {
  const answer = { right: true, last: 0 };
  for (let k = 0; k < count; k++) {
    const label = labels[first + k]!;
    if (label < 0) continue;
    answer.last = 0;
    for (let c = 1; c < classes; c++)
      if (logits[at + k * classes + c]! > logits[at + k * classes + answer.last]!) answer.last = c;
    answer.right &&= answer.last === label;
  }
  return answer;
}

self.onmessage = async ({ data }: MessageEvent<Trial>) => {
  const answer = (verdict: Verdict) => self.postMessage(verdict);
  try {
    answer({ judged: await judge(data) });
  } catch (error) {
    answer({ failed: error instanceof Error ? error.message : String(error) });
  }
};
