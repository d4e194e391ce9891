/** The worker's side of own data: reads files and data sets of the hub beside a run that goes on, until told to stop. */
import { DataFileError } from '@/data/error';
import type { Opened } from '@/data/loaders/loader';
import { checkAmount } from '@/data/loaders/unpack';
import { type OpenOptions, openFiles } from '@/data/open';
import type { LoadingCommand } from './loadingProtocol';
import type { Command, SessionEvent } from './protocol';

type Asking = Exclude<LoadingCommand, { type: 'cancel' }>;

/** What the hub needs is a chunk of its own: most visits never ask for it. */
const hub = () => import('@/data/loaders/hub');

const kinds = {
  open: openCommand,
  fetch: fetchCommand,
  lookUp: lookUpCommand,
} satisfies {
  [K in Asking['type']]: (
    command: Extract<Asking, { type: K }>,
    options: OpenOptions,
  ) => Promise<SessionEvent>;
};

const isAsking = (command: Command): command is Asking => Object.hasOwn(kinds, command.type);
type Desk = (command: Command) => command is LoadingCommand;
type Answer = (command: Asking, options: OpenOptions) => Promise<SessionEvent>;

/** Answers commands about own data by `post`; returns whether the command was one. */
export function loadingDesk(post: (event: SessionEvent) => void): Desk {
  const working = new Map<number, AbortController>();
  const answer = async (command: Asking) => {
    const { request } = command;
    const controller = new AbortController();
    const { signal } = controller;
    working.set(request, controller);
    const progress: OpenOptions['progress'] = (now) => {
      if (!signal.aborted) post({ type: 'progress', request, progress: now });
    };
    try {
      const answered = await (kinds[command.type] as Answer)(command, { progress, signal });
      signal.throwIfAborted();
      post(answered);
    } catch (error) {
      if (signal.aborted) post({ type: 'cancelled', request });
      else post({ type: 'failed', request, failure: { kind: 'file', message: messageOf(error) } });
    } finally {
      working.delete(request);
    }
  };
  return (command): command is LoadingCommand => {
    if (command.type === 'cancel') working.get(command.request)?.abort();
    else if (isAsking(command)) void answer(command);
    else return false;
    return true;
  };
}

const messageOf = (error: unknown) =>
  error instanceof DataFileError
    ? error.message
    : `The data could not be read: ${error instanceof Error ? error.message : String(error)}.`;

async function openCommand(
  { request, files, paths, labelColumn, size }: Extract<Asking, { type: 'open' }>,
  options: OpenOptions,
): Promise<SessionEvent> {
  const named = files.map((file, i) => ({ file, name: paths[i] ?? file.name, size: file.size }));
  checkAmount(named);
  const read = await Promise.all(
    named.map(async ({ file, name }) => ({ name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  options.signal?.throwIfAborted();
  const opened = await openFiles(read, {
    ...options,
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(size ? { size } : {}),
  });
  return answerOf(request, opened);
}

async function fetchCommand(
  { request, hub: address, choice, size }: Extract<Asking, { type: 'fetch' }>,
  options: OpenOptions,
): Promise<SessionEvent> {
  const { fetchHub } = await hub();
  return answerOf(request, await fetchHub(address, choice, { ...options, ...(size ? { size } : {}) }));
}

async function lookUpCommand(
  { request, hub: address, choice }: Extract<Asking, { type: 'lookUp' }>,
  { signal }: OpenOptions,
): Promise<SessionEvent> {
  const { lookUp } = await hub();
  return { type: 'offered', request, offer: await lookUp(address, choice, signal) };
}

function answerOf(request: number, opened: Opened): SessionEvent {
  if (opened.kind === 'dataset')
    return { type: 'opened', request, spec: opened.spec, dataset: opened.dataset };
  const { name, columns, sample } = opened;
  return { type: 'columns', request, name, columns, sample };
}
