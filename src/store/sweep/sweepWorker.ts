/** A worker of its own for a sweep's runs, one after the other; a run whose worker dies is tried once more. */
import type { Dataset } from '@/data/dataset';
import type { Experiment } from '@/experiment/schema';
import { type RunEvent, SessionClient, startWorker, type WorkerPort } from '@/session/client';
import type { LayerSummary, Snapshot } from '@/session/protocol';
import { appendPoints, type LiveState } from '../live';
import { useWorkspace } from '../workspace';

/** What a run has come to. */
export interface Outcome {
  points: LiveState['points'];
  stepMs: LiveState['stepMs'];
  layers: readonly LayerSummary[];
  backend: string;
}

interface Listener {
  /** The run is loaded and waits for `train`. */
  ready(): void;
  stepped(step: number): void;
  /** It stopped where it should. */
  finished(outcome: Outcome): void;
  /** @param message one sentence */
  failed(message: string): void;
}

/** Snapshots are taken in at most ten times a second. */
const everyMs = 100;
const mostCrashes = 1;
const none: Outcome = { points: [], stepMs: null, layers: [], backend: '' };

export class SweepWorker {
  private readonly client: SessionClient;
  private port: WorkerPort | undefined;
  private at: { experiment: Experiment; data: Dataset | undefined } | undefined;
  private outcome = none;
  private crashes = 0;

  /** @param start makes a worker */
  constructor(
    private readonly listener: Listener,
    start: () => WorkerPort = startWorker,
  ) {
    this.client = new SessionClient(
      {
        event: (event) => this.hear(event),
        snapshot: (snapshot) => this.take(snapshot),
        crashed: (reason) => this.crashed(reason),
      },
      () => {
        this.port = start();
        return this.port;
      },
      (callback) => setTimeout(callback, everyMs),
    );
  }

  /** Takes up a run. @param data of an experiment with data of the person's own */
  load(experiment: Experiment, data: Dataset | undefined): void {
    this.at = { experiment, data };
    this.crashes = 0;
    this.again();
  }

  train(): void {
    this.client.train();
  }
  pause(): void {
    this.client.pause();
  }
  end(): void {
    this.port?.terminate();
  }

  private again(): void {
    const { experiment, data } = this.at!;
    this.outcome = none;
    this.client.load(experiment, {
      backend: useWorkspace.getState().backend,
      quiet: true,
      ...(data ? { dataset: data } : {}),
    });
  }

  private take({ step, points, stepMs, layers }: Snapshot): void {
    const { outcome } = this;
    this.outcome = {
      points: appendPoints(outcome.points, points),
      stepMs: stepMs.qat > 0 ? stepMs : outcome.stepMs,
      layers: layers ?? outcome.layers,
      backend: outcome.backend,
    };
    this.listener.stepped(step);
  }

  private hear(event: RunEvent): void {
    const { listener } = this;
    switch (event.type) {
      case 'ready':
        this.outcome = { ...this.outcome, backend: event.backend.name };
        listener.ready();
        return;
      case 'paused':
        // Else it was asked for: by the person, or because there are too few cores for both.
        if (event.reason !== 'asked') listener.finished(this.outcome);
        return;
      case 'diverged':
        listener.failed(
          `The loss is no longer finite at step ${event.step}, in ${event.layer}: lower the learning rate.`,
        );
        return;
      case 'failed':
        listener.failed(event.failure.message);
        return;
      case 'changed':
      case 'checkpoint':
      case 'moved':
      case 'measuring':
      case 'measured':
        return;
      default:
        event satisfies never;
    }
  }

  private crashed(reason: string): void {
    this.crashes++;
    if (this.crashes > mostCrashes) this.listener.failed(`The training worker stopped (${reason}).`);
    else this.again();
  }
}
