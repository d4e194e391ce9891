/**
 * The page's side of the session: owns the worker, numbers the runs, drops what comes from a run that has been left,
 * merges snapshots so that at most one is applied per animation frame, keeps the newest checkpoint, and starts a new
 * worker when one dies or another backend is asked for. It knows no store: a listener hears what happened.
 */
import type { BackendChoice } from '@/catalog/backends';
import type { Dataset } from '@/data/dataset';
import type { Edit, Experiment } from '@/experiment/schema';
import type { Checkpoint, Command, SessionEvent, Snapshot } from './protocol';

/** What the listener hears one by one; snapshots come merged, answers to `open` as its promise. */
export type RunEvent = Exclude<SessionEvent, { type: 'snapshot' | 'opened' | 'columns' }>;
export type OpenAnswer = Extract<SessionEvent, { type: 'opened' | 'columns' | 'failed' }>;

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
}

const startWorker = (): WorkerPort =>
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

export class SessionClient {
  /** The newest state of the present run that training can go on from. */
  checkpoint: Checkpoint | null = null;
  private run = 0;
  private requests = 0;
  private worker: WorkerPort;
  /** The backend that the worker was asked for; undefined before its first run. */
  private backend: BackendChoice | undefined;
  private waiting: Snapshot | null = null;
  private readonly answers = new Map<number, (answer: OpenAnswer) => void>();

  constructor(
    private readonly listener: SessionListener,
    private readonly makeWorker: () => WorkerPort = startWorker,
    private readonly schedule: (callback: () => void) => void = nextFrame,
  ) {
    this.worker = this.connect();
  }

  /** Starts a new run, paused, and leaves the one before it. Returns its number. */
  load(experiment: Experiment, { backend, dataset, checkpoint, selected }: LoadOptions): number {
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
  select(layer: string): void {
    this.post({ type: 'select', run: this.run, layer });
  }
  /** Reads files in the worker; never rejects: a failure is an answer. */
  open(files: File[], labelColumn?: number): Promise<OpenAnswer> {
    const request = ++this.requests;
    return new Promise((resolve) => {
      this.answers.set(request, resolve);
      this.post({ type: 'open', request, files, ...(labelColumn === undefined ? {} : { labelColumn }) });
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
      const answer = this.answers.get(event.request);
      this.answers.delete(event.request);
      answer?.(event as OpenAnswer);
      return;
    }
    if ('run' in event && event.run !== undefined && event.run !== this.run) return;
    if (event.type === 'snapshot') {
      const first = this.waiting === null;
      this.waiting = mergeSnapshots(this.waiting, event.snapshot);
      if (first) this.schedule(() => this.flush());
      return;
    }
    if (event.type === 'opened' || event.type === 'columns') return;
    // Order matters: a change at step 100 must not be followed by a snapshot of step 90.
    this.flush();
    if (event.type === 'checkpoint') this.checkpoint = event.checkpoint;
    this.listener.event(event);
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
    const lost = [...this.answers.values()];
    this.answers.clear();
    for (const answer of lost)
      answer({
        type: 'failed',
        failure: { kind: 'file', message: `The file could not be read: ${reason}. The data in use stays.` },
      });
  }
}
