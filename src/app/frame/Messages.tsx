/**
 * The line under the run bar: errors, what just happened, Undo, and otherwise what the experiment is. It is always there,
 * so that a first message moves nothing.
 */

import { summaryOf } from '@/experiment/summary';
import type { networks } from '@/session/networkNames';
import { lowerLearningRate, rewind } from '@/store/editing';
import { useExperiment, useSettings, useUpcoming } from '@/store/experiment';
import { useLive } from '@/store/live';
import { dismiss, type Notice, useNotices } from '@/store/notices';
import { forgetReplaced, undo } from '@/store/session';
import { useTrapWatch } from '@/store/traps';
import { useWorkspace } from '@/store/workspace';
import { count, plain, plural } from '../format';
import { Dismiss } from './Dismiss';
import styles from './frame.module.css';

function Line({ notice }: { notice: Notice }) {
  return (
    <p className={styles.message} data-tone="error" role="alert">
      <span>{notice.text}</span>
      {notice.actions?.map(({ label, run }) => (
        <button key={label} type="button" onClick={run}>
          {label}
        </button>
      ))}
      <Dismiss onClick={() => dismiss(notice.key)} />
    </p>
  );
}

const called = { float: 'the float network', qat: 'the QAT network' } satisfies Partial<
  Record<(typeof networks)[number], string>
>;

function Diverged() {
  const divergence = useLive((live) => live.divergence);
  if (!divergence) return null;
  const { step, layer, network, rewindTo } = divergence;
  const rate = lowerLearningRate();
  return (
    <p className={styles.message} data-tone="error" role="alert">
      <span>
        Training paused at step {count(step)}: {layer} of {called[network]} is no longer finite (NaN or
        infinite). The last good state is step {count(rewindTo)}.
      </span>
      <button type="button" onClick={() => rewind()}>
        Rewind to step {count(rewindTo)}
      </button>
      <button type="button" onClick={() => rewind(rate)}>
        Lower the learning rate to {plain(rate)} and go on
      </button>
    </p>
  );
}

function UndoOffer() {
  const replaced = useExperiment((state) => state.replaced);
  if (!replaced) return null;
  const steps = replaced.checkpoint?.step ?? 0;
  return (
    <span className={styles.part} role="status">
      <span>
        {replaced.reason}{' '}
        {steps > 0
          ? `The run before it, ${plural(steps, 'step')}, is kept.`
          : 'What was here before is kept.'}
      </span>
      <button type="button" onClick={undo}>
        Undo
      </button>
      <Dismiss onClick={forgetReplaced} />
    </span>
  );
}

function Present() {
  const settings = useSettings();
  const trained = useWorkspace((state) => state.trained);
  return trained ? (
    <span>{summaryOf(settings)}</span>
  ) : (
    <span>
      <b>Press Train</b>, then lower the bits of a layer.{' '}
      <span className={styles.wide}>
        Watch accuracy and model size: both networks train on the same batches, and only one of them is
        rounded.
      </span>
    </span>
  );
}

function Upcoming() {
  const upcoming = useUpcoming();
  const next = upcoming[0];
  if (!next) return null;
  return (
    <span>
      {plural(upcoming.length, 'recorded change')} to come, the next at step {count(next.step)}.
    </span>
  );
}

/** The last line: calm and one row high. An error takes the place of what only describes. */
function Calm({ beside }: { beside: boolean }) {
  const notes = useNotices((state) => state.notices);
  const offered = useExperiment((state) => state.replaced !== null);
  const note = notes.findLast(({ tone }) => tone === 'note');
  const upcoming = useUpcoming().length > 0;
  if (beside && !note && !offered && !upcoming) return null;
  return (
    <div className={styles.message}>
      {note && (
        <span role="status" className={styles.part}>
          <span>{note.text}</span>
          {note.actions?.map(({ label, run }) => (
            <button
              key={label}
              type="button"
              onClick={() => {
                run();
                dismiss(note.key);
              }}
            >
              {label}
            </button>
          ))}
        </span>
      )}
      <UndoOffer />
      {!note && !offered && <Present />}
      <Upcoming />
    </div>
  );
}

/** Draws nothing itself; apart, so that measuring does not draw the messages again. */
function TrapWatch() {
  useTrapWatch();
  return null;
}

export function Messages() {
  const notices = useNotices((state) => state.notices);
  const diverged = useLive((live) => live.divergence !== null);
  const errors = notices.filter(({ tone }) => tone === 'error');
  return (
    <section className={styles.messages} aria-label="Messages">
      <Diverged />
      {errors.map((notice) => (
        <Line key={notice.key} notice={notice} />
      ))}
      <Calm beside={diverged || errors.length > 0} />
      <TrapWatch />
    </section>
  );
}
