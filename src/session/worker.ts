/** The worker's entry: joins the session to messages, real data and the browser's files. */
import { wasmFiles } from '@/backend/browser';
import { startBackend } from '@/backend/start';
import { makeDataset } from '@/data';
import type { Dataset } from '@/data/dataset';
import type { Experiment } from '@/experiment/schema';
import { loadingDesk } from './loading';
import type { Command, SessionEvent } from './protocol';
import { Session } from './session';

declare const self: DedicatedWorkerGlobalScope;

const post = (event: SessionEvent) => self.postMessage(event);
/** A message to oneself comes after those already waiting, without the clamp that timers have. */
const channel = new MessageChannel();
let resume: () => void = () => {};
channel.port1.onmessage = () => resume();
const breathe = () =>
  new Promise<void>((resolve) => {
    resume = resolve;
    channel.port2.postMessage(null);
  });

/** The data made last: a changed network or batch size trains on the same. */
let made: { key: string; dataset: Dataset } | undefined;
function generated({ dataset, seed }: Experiment): Dataset {
  if (dataset.kind === 'own') throw new Error(`The data of this experiment, ${dataset.name}, was not given.`);
  const key = JSON.stringify([dataset, seed]);
  if (made?.key !== key) made = { key, dataset: makeDataset(dataset, seed) };
  return made.dataset;
}

const session = new Session({
  post,
  startBackend: (choice, except) => startBackend(choice, wasmFiles(), except),
  makeDataset: generated,
  breathe,
});

const loading = loadingDesk(post);

self.onmessage = ({ data }: MessageEvent<Command>) => {
  if (!loading(data)) session.receive(data);
};
void session.loop();
