/** What the worker tells the page, and what is done when it dies. */
import { backendLabels } from '@/catalog/backends';
import { nextFrame, type RunEvent, SessionClient, type WorkerPort } from '@/session/client';
import { keepMeasurement, useAnalysis } from './analysis';
import { confirm, useExperiment } from './experiment';
import { applySnapshot, historiesUpTo, useLive } from './live';
import { alertPerson, notify } from './notices';
import { save, scheduleSave } from './saving';
import { begin, commit, listen, presentRun, session, worker } from './worker';
import { useWorkspace } from './workspace';

const steps = (count: number) => count.toLocaleString('en-US');

/** Says why the run has paused, and gets ready for what comes next. */
function paused({ reason, step }: Of<'paused'>): void {
  useLive.setState({ state: 'paused', pausing: false, step });
  const go = worker.waiting;
  worker.waiting = undefined;
  if (go) {
    go();
    return;
  }
  const note = (text: string) => notify({ key: 'run', tone: 'note', text });
  const replayed = worker.replayUntil !== undefined;
  if (reason === 'accuracy') note(`Target accuracy reached at step ${steps(step)}.`);
  if (reason === 'steps')
    note(
      replayed ? `Replayed up to step ${steps(step)}.` : `Paused at step ${steps(step)}, the stop you set.`,
    );
  if (replayed) session().stopAt(useExperiment.getState().experiment.stop);
  worker.replayUntil = undefined;
  // A person who has paused may well reload at once.
  void save();
}

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

const heard: { [T in RunEvent['type']]: (event: Of<T>) => void } = {
  ready({ step, backend, preview }) {
    worker.loaded = true;
    const points = useLive.getState().points.filter((point) => point.step <= step);
    useLive.setState(({ state, histories }) => ({
      ...{ step, backend, preview, points, histories: historiesUpTo(histories, step) },
      state: state === 'starting' ? 'paused' : state,
    }));
    if (worker.attempt) worker.asked = session().tryOut(worker.attempt);
  },
  changed({ changes, step }) {
    useExperiment.setState((state) => confirm(state, changes, step));
    useLive.setState((live) => ({ step: Math.max(live.step, step) }));
    commit();
  },
  paused,
  checkpoint() {
    worker.crashes = 0;
    scheduleSave();
  },
  measuring({ what, done, of }) {
    // What was ended here may not have heard of it yet.
    if (useAnalysis.getState().measuring) useAnalysis.setState({ measuring: { what, done, of } });
  },
  measured: ({ result }) => keepMeasurement(result),
  diverged: ({ step, layer, network, rewindTo }) =>
    useLive.setState({
      state: 'paused',
      pausing: false,
      step,
      divergence: { step, layer, network, rewindTo },
    }),
  moved: ({ from, to, reason, step }) =>
    alertPerson(
      'moved',
      `The ${backendLabels[from]} device was lost (${reason}). The run goes on from step ${steps(step)} on ${backendLabels[to]}.`,
    ),
  failed({ failure }) {
    useLive.setState({ state: 'paused' });
    useAnalysis.setState({ measuring: null });
    alertPerson('failed', failure.message);
    // Stored weights that do not fit the network: the experiment itself is good, and starts over.
    const { experiment } = useExperiment.getState();
    if (!worker.loaded && session().checkpoint && failure.kind === 'internal')
      begin({ experiment, checkpoint: null, points: [] });
  },
};

function hear<T extends RunEvent['type']>(event: Of<T>): void {
  listen();
  heard[event.type as T](event);
}

/** After the worker died: on from the last checkpoint, on a simpler backend if it dies again and again. */
function recover(reason: string): void {
  worker.crashes++;
  const training = useLive.getState().state === 'training';
  const fallbacks = [undefined, 'wasm', 'cpu'] as const;
  if (worker.crashes > fallbacks.length) {
    useLive.setState({ state: 'paused' });
    alertPerson('crash', `The training worker keeps stopping (${reason}). Reload the page to try again.`);
    return;
  }
  const fallback = fallbacks[worker.crashes - 1];
  if (fallback) useWorkspace.setState({ backend: fallback });
  const run = presentRun();
  begin(run, { training, keep: true });
  const where = `${training ? 'Training continues' : 'The run is back'} at step ${steps(run.checkpoint?.step ?? 0)}`;
  alertPerson(
    'crash',
    `The training worker stopped (${reason}). ${where}${fallback ? ` on ${backendLabels[fallback]}` : ''}.`,
  );
}
/** Starts the worker. Tests give a worker and a clock of their own. */
export function connect(makeWorker?: () => WorkerPort, schedule: (callback: () => void) => void = nextFrame) {
  worker.client = new SessionClient(
    {
      event: hear,
      snapshot: (snapshot) => {
        listen();
        useLive.setState((live) => applySnapshot(live, snapshot));
      },
      crashed: recover,
    },
    makeWorker,
    schedule,
  );
}
