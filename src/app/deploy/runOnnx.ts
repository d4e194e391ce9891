/** Judges a model in ONNX Runtime. The runtime (14 MB) is fetched when this is first called. */
import type { Trial } from '@/session/deployProtocol';
import type { Judged, Verdict } from './onnxWorker';

export type { Judged } from './onnxWorker';

/** @throws Error with a sentence if ONNX Runtime does not start or refuses the model */
export async function runOnnx(trial: Trial): Promise<Judged> {
  const worker = new Worker(new URL('./onnxWorker.ts', import.meta.url), { type: 'module', name: 'onnx' });
  try {
    const verdict = await new Promise<Verdict>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Verdict>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`ONNX Runtime could not be started (${event.message || 'its file did not load'}).`));
      };
      worker.postMessage(trial);
    });
    if ('failed' in verdict) throw new Error(`ONNX Runtime refused the model: ${verdict.failed}`);
    return verdict.judged;
  } finally {
    worker.terminate();
  }
}
