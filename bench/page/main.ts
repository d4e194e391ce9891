/** The benchmark's page: hands calls of the runner (bench/run.mjs) to a worker and the answers back. */
import type { Answer, Call } from './serve';

const workers = {
  ours: () => new Worker(new URL('./ours.ts', import.meta.url), { type: 'module' }),
  tfjs: () => new Worker(new URL('./tfjs.ts', import.meta.url), { type: 'module' }),
  jaxjs: () => new Worker(new URL('./jaxjs.ts', import.meta.url), { type: 'module' }),
};
type WorkerName = keyof typeof workers;

interface Started {
  worker: Worker;
  waiting: Map<number, { resolve(result: unknown): void; reject(error: Error): void }>;
}
/** By the runner's own name for each, so that one kind may run twice. */
const started = new Map<string, Started>();
let calls = 0;

function start(kind: WorkerName, key: string): Started {
  const worker = workers[kind]();
  const waiting: Started['waiting'] = new Map();
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) call?.resolve(data.result);
    else call?.reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message || 'the worker stopped'));
    waiting.clear();
  };
  const all = { worker, waiting };
  started.set(key, all);
  return all;
}

Object.assign(globalThis, {
  /** @param key names the worker; it is started at its first call */
  ask(kind: WorkerName, key: string, name: string, ...parameters: unknown[]): Promise<unknown> {
    const { worker, waiting } = started.get(key) ?? start(kind, key);
    return new Promise((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, parameters } satisfies Call);
    });
  },
});
