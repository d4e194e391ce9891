/** The worker's entry: joins the session to messages, real data and the browser's files. */
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { startBackend } from '@/backend/start';
import { DataFileError, makeDataset, openFiles } from '@/data';
import type { Command, SessionEvent } from './protocol';
import { Session } from './session';

declare const self: DedicatedWorkerGlobalScope;

const post = (event: SessionEvent) => self.postMessage(event);
/** tfjs wants a place for each of its builds; only the SIMD one without threads is ever loaded. */
const wasmPaths = Object.fromEntries(
  ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'].map(
    (name) => [name, simdUrl],
  ),
);

/** A message to oneself comes after those already waiting, without the clamp that timers have. */
const channel = new MessageChannel();
let resume: () => void = () => {};
channel.port1.onmessage = () => resume();
const breathe = () =>
  new Promise<void>((resolve) => {
    resume = resolve;
    channel.port2.postMessage(null);
  });

const session = new Session({
  post,
  startBackend: (choice, except) => startBackend(choice, wasmPaths, except),
  makeDataset: ({ dataset, seed }) => {
    if (dataset.kind === 'own')
      throw new Error(`The data of this experiment, ${dataset.name}, was not given.`);
    return makeDataset(dataset, seed);
  },
  breathe,
});

async function open({ request, files, labelColumn }: Extract<Command, { type: 'open' }>): Promise<void> {
  try {
    const read = files.map(async (file) => ({
      name: file.name,
      bytes: new Uint8Array(await file.arrayBuffer()),
    }));
    const opened = await openFiles(await Promise.all(read), labelColumn === undefined ? {} : { labelColumn });
    if (opened.kind === 'dataset')
      post({ type: 'opened', request, spec: opened.spec, dataset: opened.dataset });
    else
      post({ type: 'columns', request, name: opened.name, columns: opened.columns, sample: opened.sample });
  } catch (error) {
    const message =
      error instanceof DataFileError
        ? error.message
        : `The file could not be read: ${(error as Error).message}`;
    post({ type: 'failed', request, failure: { kind: 'file', message } });
  }
}

self.onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.type === 'open') void open(data);
  else session.receive(data);
};
void session.loop();
