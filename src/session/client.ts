/**
 * The page's side of the session: owns the worker, numbers the runs, drops what comes from a run that has been left,
 * merges snapshots so that at most one is applied per animation frame, keeps the newest checkpoint, and starts a new
 * worker when one dies or another backend is asked for. It knows no store: a listener hears what happened.
 */
import type { BackendChoice } from '@/catalog/backends';
import type { Dataset } from '@/data/dataset';
import type { HubChoice } from '@/data/loaders/hub/offer';
import type { LoadingProgress } from '@/data/loaders/progress';
import type { Edit, Experiment } from '@/experiment/schema';
import type { DeployAnswers, DeployEvent, DeployQuestion } from './deployProtocol';
import type { ImageSize, LoadingCommand, LoadingEvent } from './loadingProtocol';
import type { Measurement } from './measuring/measurement';
import type { Attempt, Checkpoint, Command, SessionEvent, Snapshot } from './protocol';

/** What the listener hears one by one; snapshots come merged, answers to requests as their promises. */
export type RunEvent = Exclude<SessionEvent, { type: 'snapshot' } | LoadingEvent | DeployEvent>;
type Failed = Extract<SessionEvent, { type: 'failed' }>;
type AnswerTo<Types extends LoadingEvent['type']> =
  | Extract<LoadingEvent, { type: Types | 'cancelled' }>
  | Failed;
export type OpenAnswer = AnswerTo<'opened' | 'columns'>;
export type LookUpAnswer = AnswerTo<'offered'>;
type Answer = OpenAnswer | LookUpAnswer | DeployEvent;
type Asking = Exclude<LoadingCommand, { type: 'cancel' }>;
type Unasked = Asking extends infer One ? (One extends Asking ? Omit<One, 'request'> : never) : never;
type OnProgress = (progress: LoadingProgress) => void;

/** A worker that does not let go of a request for so long is given up: damaged data may hold it for ever. */
const cancelMs = 15_000;

interface Requested {
  answer(answer: Answer): void;
  progress: OnProgress;
  /** What is lost with the worker. */
  what: 'data' | 'export';
}

export interface SessionListener {
  event(event: RunEvent): void;
  /** Several snapshots as one: see mergeSnapshots. */
  snapshot(snapshot: Snapshot): void;
  /** The worker died. A new one is there already, without a run: the listener loads one. */
  crashed(reason: string): void;
}

/** The part of Worker that the client uses. */
export interface WorkerPort {
  postMessage(command: Command): void;
  terminate(): void;
  addEventListener(type: 'message' | 'error' | 'messageerror', listener: (event: Event) => void): void;
}

export interface LoadOptions {
  backend: BackendChoice;
  dataset?: Dataset;
  checkpoint?: Checkpoint;
  selected?: string;
  /** Only evaluations are wanted. */
  quiet?: boolean;
}

export const startWorker = (): WorkerPort =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'session' });

/**
 * Runs the callback at the next animation frame, or after 200 ms where frames do not come (a background tab): there
 * training goes on and must not be held up by the page.
 */
export function nextFrame(callback: () => void): void {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    callback();
  };
  const timer = setTimeout(once, 200);
  requestAnimationFrame(once);
}

/** The newer snapshot with the older one's evaluations before its own, and what only the older one carried. */
export function mergeSnapshots(older: Snapshot | null, newer: Snapshot): Snapshot {
  return older ? { ...older, ...newer, points: [...older.points, ...newer.points] } : newer;
}

const lostTo = (reason: string, what: Requested['what']) =>
  what === 'data'
    ? { kind: 'file' as const, message: `The data could not be read: ${reason}. The data in use stays.` }
    : { kind: 'internal' as const, message: `The export could not be made: ${reason}. Try it again.` };

export class SessionClient {
  /** The newest state of the present run that training can go on from. */
  checkpoint: Checkpoint | null = null;
  private run = 0;
  private requests = 0;
  private attempts = 0;
  private worker: WorkerPort;
  /** The backend that the worker was asked for; undefined before its first run. */
  private backend: BackendChoice | undefined;
  private waiting: Snapshot | null = null;
  private readonly requested = new Map<number, Requested>();

  constructor(
    private readonly listener: SessionListener,
    private readonly makeWorker: () => WorkerPort = startWorker,
    private readonly schedule: (callback: () => void) => void = nextFrame,
  ) {
    this.worker = this.connect();
  }

  /** Starts a new run, paused, and leaves the one before it. Returns its number. */
  load(experiment: Experiment, { backend, dataset, checkpoint, selected, quiet }: LoadOptions): number {
    this.run++;
    this.waiting = null;
    this.checkpoint = checkpoint ?? null;
    // A worker deep in a step of a slow backend hears nothing for seconds: another backend does not wait for it.
    if (this.backend !== undefined && this.backend !== backend) this.renew('the worker was replaced');
    this.backend = backend;
    this.post({
      type: 'load',
      run: this.run,
      experiment,
      backend,
      ...(dataset ? { dataset } : {}),
      ...(checkpoint ? { checkpoint } : {}),
      ...(selected ? { selected } : {}),
      ...(quiet ? { quiet } : {}),
    });
    return this.run;
  }
  train(): void {
    this.post({ type: 'train', run: this.run });
  }
  pause(): void {
    this.post({ type: 'pause', run: this.run });
  }
  step(): void {
    this.post({ type: 'step', run: this.run });
  }
  /** Between two steps; answered by the event `changed`. */
  edit(edits: readonly Edit[]): void {
    this.post({ type: 'edit', run: this.run, edits: [...edits] });
  }
  stopAt(stop: Experiment['stop']): void {
    this.post({ type: 'stop', run: this.run, stop });
  }
  plan({ plan, changes }: Pick<Experiment, 'plan' | 'changes'>): void {
    this.post({ type: 'plan', run: this.run, plan, changes });
  }
  measure(what: Measurement['what']): void {
    this.post({ type: 'measure', run: this.run, what });
  }
  select(layer: string): void {
    this.post({ type: 'select', run: this.run, layer });
  }
  /** Asks what the networks make of an example, now and while they train; null ends it. Returns its number. */
  tryOut(attempt: Attempt | null): number {
    this.attempts++;
    this.post({ type: 'try', run: this.run, number: this.attempts, attempt });
    return this.attempts;
  }
  /** Reads files in the worker; never rejects: a failure is an answer. */
  open(
    files: { file: File; path: string }[],
    options: { labelColumn?: number; size?: ImageSize } = {},
    progress?: OnProgress,
  ): Promise<OpenAnswer> {
    const given = { files: files.map(({ file }) => file), paths: files.map(({ path }) => path) };
    return this.ask({ type: 'open', ...given, ...options }, progress) as Promise<OpenAnswer>;
  }
  /** Asks the hub what a data set holds; never rejects. */
  lookUp(hub: string, choice: HubChoice): Promise<LookUpAnswer> {
    return this.ask({ type: 'lookUp', hub, choice }) as Promise<LookUpAnswer>;
  }
  /** Downloads a data set of the hub; never rejects. */
  fetch(hub: string, choice: HubChoice, size?: ImageSize, progress?: OnProgress): Promise<OpenAnswer> {
    const command = { type: 'fetch', hub, choice, ...(size ? { size } : {}) } as const;
    return this.ask(command, progress) as Promise<OpenAnswer>;
  }
  /** Stops all reading and fetching; the promises resolve to `cancelled`, unless their answers are on the way. */
  cancelLoading(): void {
    const pending = [...this.requested].filter(([, { what }]) => what === 'data').map(([key]) => key);
    for (const request of pending) this.post({ type: 'cancel', request });
    setTimeout(() => {
      if (pending.some((request) => this.requested.has(request)))
        this.crash('it did not stop reading when it was told to');
    }, cancelMs);
  }

  /**
   * Asks for something of the trained network: a file, a report. Answered between two steps.
   * @throws Error with a sentence for the person where there is none
   */
  async deploy<K extends DeployQuestion['about']>(
    question: Extract<DeployQuestion, { about: K }>,
  ): Promise<DeployAnswers[K]> {
    const request = ++this.requests;
    const event = await new Promise<Answer>((answer) => {
      this.requested.set(request, { answer, progress: () => {}, what: 'export' });
      this.post({ type: 'deploy', run: this.run, request, question });
    });
    if (event.type === 'failed') throw new Error(event.failure.message);
    if (event.type !== 'deployed') throw new Error('The run was left before the answer came.');
    return event.answer as DeployAnswers[K];
  }

  private ask(command: Unasked, progress: OnProgress = () => {}): Promise<Answer> {
    const request = ++this.requests;
    return new Promise((resolve) => {
      this.requested.set(request, { answer: resolve, progress, what: 'data' });
      this.post({ ...command, request } as LoadingCommand);
    });
  }

  /** Gives up a worker that does not answer; the listener hears `crashed`. */
  abandon(reason: string): void {
    this.crash(reason);
  }

  private post(command: Command): void {
    this.worker.postMessage(command);
  }

  private connect(): WorkerPort {
    const worker = this.makeWorker();
    worker.addEventListener('message', (event) => {
      if (worker === this.worker) this.receive((event as MessageEvent<SessionEvent>).data);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      if (worker === this.worker) this.crash((event as ErrorEvent).message || 'the worker stopped');
    });
    worker.addEventListener('messageerror', () => {
      if (worker === this.worker) this.crash('a message could not be read');
    });
    return worker;
  }

  private receive(event: SessionEvent): void {
    if ('request' in event && event.request !== undefined) {
      const asked = this.requested.get(event.request);
      if (event.type === 'progress') {
        asked?.progress(event.progress);
        return;
      }
      this.requested.delete(event.request);
      asked?.answer(event as Answer);
      return;
    }
    if ('run' in event && event.run !== undefined && event.run !== this.run) return;
    if (event.type === 'snapshot') {
      const first = this.waiting === null;
      this.waiting = mergeSnapshots(this.waiting, event.snapshot);
      if (first) this.schedule(() => this.flush());
      return;
    }
    // Order matters: a change at step 100 must not be followed by a snapshot of step 90.
    this.flush();
    if (event.type === 'checkpoint') this.checkpoint = event.checkpoint;
    this.listener.event(event as RunEvent);
  }

  private flush(): void {
    const snapshot = this.waiting;
    this.waiting = null;
    if (snapshot) this.listener.snapshot(snapshot);
  }

  private crash(reason: string): void {
    this.flush();
    this.renew(reason);
    this.listener.crashed(reason);
  }

  /** A new worker without a run; what the old one was asked to read fails. */
  private renew(reason: string): void {
    this.worker.terminate();
    this.worker = this.connect();
    this.backend = undefined;
    const lost = [...this.requested.values()];
    this.requested.clear();
    for (const { answer, what } of lost) answer({ type: 'failed', failure: lostTo(reason, what) });
  }
}
