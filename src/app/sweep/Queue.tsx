/** The sweep at hand: how far it is, how long it takes still, and what each run has come to. */
import { useMemo } from 'react';
import { nameRuns } from '@/experiment/differences';
import { useRuns } from '@/store/runs/runs';
import { progressOf, type SweepRecord } from '@/store/sweep/record';
import { cancelSweep, continueSweep, pauseSweep, useSweep } from '@/store/sweep/sweep';
import { count, percent } from '../format';
import { useThrottled } from '../results/useThrottled';
import { duration } from '../runs/columns';
import styles from './Sweep.module.css';

const everyMs = 250;

function Head({ sweep }: { sweep: SweepRecord }) {
  const step = useThrottled(useSweep, ({ at }) => at?.step ?? 0, everyMs);
  const leftMs = useThrottled(useSweep, (state) => state.leftMs, 1000);
  const waits = useSweep((state) => state.waits);
  const elsewhere = useSweep((state) => state.elsewhere);
  const { done, failed, total, steps, allSteps } = progressOf(sweep, step);
  const over = sweep.state === 'done';
  const note = elsewhere
    ? 'another tab runs it'
    : over
      ? 'done'
      : sweep.state === 'paused'
        ? 'paused'
        : waits
          ? 'waits while you train'
          : leftMs === null
            ? 'starting'
            : `${duration(leftMs)} left`;
  return (
    <>
      <div className={styles.row}>
        <b role="status" aria-live="off" aria-label="Sweep">
          {done + failed} of {total} runs
        </b>
        <span className="hint">
          {note}
          {failed > 0 && `, ${failed} failed`}
        </span>
        <span className="grow" />
        {sweep.state === 'running' && !elsewhere && (
          <button type="button" onClick={pauseSweep}>
            Pause sweep
          </button>
        )}
        {sweep.state === 'paused' && !elsewhere && (
          <button type="button" onClick={continueSweep}>
            Continue sweep
          </button>
        )}
        {!elsewhere && (
          <button type="button" className={over ? 'quiet' : ''} onClick={cancelSweep}>
            {over ? 'Clear' : 'Cancel sweep'}
          </button>
        )}
      </div>
      <progress aria-label="Steps of the sweep done" value={steps} max={allSteps} className={styles.bar} />
    </>
  );
}

function List({ sweep }: { sweep: SweepRecord }) {
  const index = useSweep(({ at }) => at?.index);
  const step = useThrottled(useSweep, ({ at }) => at?.step ?? 0, everyMs);
  const kept = useRuns((state) => state.runs);
  const names = useMemo(() => nameRuns(sweep.runs.map(({ experiment }) => experiment)), [sweep.runs]);
  const accuracy = useMemo(() => new Map(kept.map((run) => [run.id, run.accuracy.qat])), [kept]);
  const result = ({ state, message }: SweepRecord['runs'][number], i: number): string => {
    if (state === 'failed') return message ?? 'failed';
    const reached = accuracy.get(`${sweep.id}-${i}`);
    if (state === 'done') return reached === undefined ? 'done' : percent(reached);
    return i === index ? `step ${count(step)}` : '';
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keys too
    <section className={styles.list} aria-label="Runs of the sweep" tabIndex={0}>
      <ol>
        {sweep.runs.map((run, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a run is its place in the queue
          <li key={i} data-state={i === index && run.state === 'waiting' ? 'working' : run.state}>
            <span>{names[i]}</span>
            <span>{result(run, i)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function Queue() {
  const sweep = useSweep((state) => state.sweep);
  return (
    <section className={styles.queue} aria-label="Sweep at work">
      {sweep ? (
        <>
          <Head sweep={sweep} />
          <List sweep={sweep} />
        </>
      ) : (
        <p className={styles.empty}>
          A sweep trains its runs here, one after the other; each joins Runs when it is done.
        </p>
      )}
    </section>
  );
}
