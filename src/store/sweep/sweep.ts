/**
 * The sweep at hand: runs its queue one after the other in a worker of its own, which ends with the queue, so that the
 * person's own run goes on and memory stays flat. Finished runs join the kept ones at once; after a reload it goes on
 * with the first run that is not finished.
 */
import { create } from 'zustand';
import type { Experiment } from '@/experiment/schema';
import { learnedWidths } from '@/experiment/size';
import { expandSweep, type Sweep } from '@/experiment/sweep/definition';
import { useLive } from '../live';
import { alertPerson, notify } from '../notices';
import { haveData } from '../opening';
import { change, finished, hasRoom, newId } from '../runs/actions';
import { readSweep, writeSweep } from '../runs/database';
import { ownData } from '../worker';
import { progressOf, type SweepRecord, sweepRecordSchema } from './record';
import { type Outcome, SweepWorker } from './sweepWorker';

export interface SweepState {
  sweep: SweepRecord | null;
  /** The run at work: its place in the queue and the steps done. */
  at: { index: number; step: number } | null;
  /** ms that are left at the speed so far; null before it is known. */
  leftMs: number | null;
  /** Waits while the person trains, on a machine with too few cores for both. */
  waits: boolean;
  /** Another tab runs it. */
  elsewhere: boolean;
}

const idle: SweepState = { sweep: null, at: null, leftMs: null, waits: false, elsewhere: false };
export const useSweep = create<SweepState>()(() => idle);

let worker: SweepWorker | undefined;
let release: (() => void) | undefined;

/** Cores that a person's run, a sweep and the page need to go on at once. */
const coresForBoth = 3;
const mustWait = () =>
  (globalThis.navigator?.hardwareConcurrency ?? coresForBoth) < coresForBoth &&
  useLive.getState().state === 'training';

/** Speed: steps done since the work was taken up, over the time that it took. */
let pace = { steps: 0, ms: 0, since: 0, from: 0 };

const store = (): void => void writeSweep(useSweep.getState().sweep).catch(() => undefined);
const update = (sweep: SweepRecord): void => {
  useSweep.setState({ sweep });
  store();
};

/** One tab at a time; the lock of a page that is being left is waited for. */
async function claim(): Promise<boolean> {
  if (release) return true;
  const { locks } = navigator;
  if (!locks) return true;
  return new Promise((resolve) => {
    locks
      .request('qat-playground/sweep', { signal: AbortSignal.timeout(1500) }, () => {
        resolve(true);
        return new Promise<void>((done) => {
          release = done;
        });
      })
      .catch(() => resolve(false));
  });
}

/** Takes the stored sweep up again, and goes on with it if it was running. */
export async function resumeSweep(): Promise<void> {
  useLive.subscribe((live, before) => {
    if (live.state !== before.state) follow();
  });
  const parsed = sweepRecordSchema.safeParse(await readSweep().catch(() => undefined));
  if (!parsed.success) return;
  useSweep.setState({ sweep: parsed.data });
  if (parsed.data.state === 'done') return;
  if (await claim()) go();
  else useSweep.setState({ elsewhere: true });
}

/** Starts a sweep in place of the one before. Returns whether it could. */
export async function startSweep(sweep: Sweep): Promise<boolean> {
  const expanded = expandSweep(sweep);
  if (!expanded.ok) {
    alertPerson('sweep', expanded.message);
    return false;
  }
  return startRuns(expanded.experiments, sweep.name);
}

export async function startRuns(experiments: readonly Experiment[], name?: string): Promise<boolean> {
  if (!hasRoom(experiments.length)) return false;
  const { sweep } = useSweep.getState();
  if (sweep && sweep.state !== 'done' && !useSweep.getState().elsewhere) {
    alertPerson('sweep', 'A sweep is at work: cancel it before you start another.');
    return false;
  }
  if (!(await claim())) {
    alertPerson('sweep', 'Another tab runs a sweep: cancel it there before you start one here.');
    return false;
  }
  useSweep.setState({ ...idle });
  update({
    id: newId(),
    ...(name === undefined ? {} : { name }),
    state: 'running',
    runs: experiments.map((experiment) => ({ experiment, state: 'waiting' })),
  });
  go();
  return true;
}

export function pauseSweep(): void {
  const { sweep } = useSweep.getState();
  if (sweep?.state !== 'running') return;
  update({ ...sweep, state: 'paused' });
  follow();
}

export function continueSweep(): void {
  const { sweep } = useSweep.getState();
  if (sweep?.state !== 'paused') return;
  update({ ...sweep, state: 'running' });
  go();
}

/** Ends the sweep; what is finished stays among the runs. */
export function cancelSweep(): void {
  end();
  useSweep.setState({ ...idle });
  store();
}

function end(): void {
  worker?.end();
  worker = undefined;
  release?.();
  release = undefined;
}

/** Starts the next run, or goes on with the one at work. */
function go(): void {
  const { sweep } = useSweep.getState();
  if (sweep?.state !== 'running') return;
  if (worker) {
    follow();
    return;
  }
  const index = sweep.runs.findIndex(({ state }) => state === 'waiting');
  if (index < 0) finishSweep(sweep);
  else void begin(index);
}

function finishSweep(sweep: SweepRecord): void {
  end();
  update({ ...sweep, state: 'done' });
  useSweep.setState({ at: null, leftMs: null, waits: false });
  const { done, failed } = progressOf(sweep, 0);
  const runs = `${done} ${done === 1 ? 'run' : 'runs'}`;
  notify({
    key: 'sweep',
    tone: 'note',
    text: `The sweep is done: ${runs}${failed > 0 ? `, ${failed} failed` : ''}.`,
  });
}

/** Trains or pauses the run at work, as the sweep's state and the person's own run ask for. */
function follow(): void {
  const { sweep, waits } = useSweep.getState();
  if (!worker || !sweep) return;
  const hold = mustWait();
  if (hold !== waits) useSweep.setState({ waits: hold });
  if (sweep.state === 'running' && !hold) {
    pace = { ...pace, since: performance.now(), from: useSweep.getState().at?.step ?? 0 };
    worker.train();
  } else worker.pause();
}

async function begin(index: number): Promise<void> {
  const { sweep } = useSweep.getState();
  const experiment = sweep?.runs[index]?.experiment;
  if (!sweep || !experiment) return;
  const { dataset } = experiment;
  if (dataset.kind === 'own' && !(await haveData(dataset)))
    return fail(index, `${dataset.name} is not in this browser: open it, then run the sweep again.`);
  // It may have been cancelled while the data were looked for.
  if (useSweep.getState().sweep?.id !== sweep.id) return;
  worker ??= connect();
  useSweep.setState({ at: { index, step: 0 } });
  worker.load(experiment, dataset.kind === 'own' ? ownData.get(dataset.hash) : undefined);
}

function connect(): SweepWorker {
  pace = { steps: 0, ms: 0, since: performance.now(), from: 0 };
  const index = () => useSweep.getState().at!.index;
  return new SweepWorker({
    ready: follow,
    stepped,
    finished: (outcome) => void succeed(index(), outcome),
    failed: (message) => fail(index(), message),
  });
}

function stepped(step: number): void {
  const { sweep, at } = useSweep.getState();
  if (!sweep || !at) return;
  if (sweep.state === 'running') {
    const now = performance.now();
    pace = { steps: pace.steps + step - pace.from, ms: pace.ms + now - pace.since, since: now, from: step };
  }
  const { steps, allSteps } = progressOf(sweep, step);
  const leftMs = pace.steps > 0 ? ((allSteps - steps) * pace.ms) / pace.steps : null;
  useSweep.setState({ at: { ...at, step }, leftMs });
}

async function succeed(index: number, { points, stepMs, layers, backend }: Outcome): Promise<void> {
  const { sweep } = useSweep.getState();
  const experiment = sweep?.runs[index]?.experiment;
  if (!sweep || !experiment || points.length === 0) return;
  const widths = learnedWidths(layers);
  // First the result, then the queue: a page that is left between the two runs it again and loses nothing.
  await change([
    finished({
      experiment,
      points,
      stepMs,
      backend,
      widths,
      curve: false,
      sweep: sweep.id,
      id: `${sweep.id}-${index}`,
    }),
  ]);
  advance(index, { state: 'done' });
}

const fail = (index: number, message: string): void => advance(index, { state: 'failed', message });

function advance(index: number, result: Pick<SweepRecord['runs'][number], 'state' | 'message'>): void {
  const { sweep } = useSweep.getState();
  const run = sweep?.runs[index];
  if (!sweep || !run) return;
  const runs = sweep.runs.with(index, { ...run, ...result });
  update({ ...sweep, runs });
  const next = runs.findIndex(({ state }) => state === 'waiting');
  if (next < 0) finishSweep(useSweep.getState().sweep!);
  else void begin(next);
}
