/** Train, Step, Reset, Replay and the stop condition. */
import { Popover } from '@mantine/core';
import { useState } from 'react';
import { maxSteps } from '@/experiment/schema';
import { useExperiment } from '@/store/experiment';
import { useLive } from '@/store/live';
import { replay, reset, stepOnce, stopAt, toggleTraining } from '@/store/session';
import { NumberBox } from '../controls/NumberBox';
import { count, percent } from '../format';
import { help, Term, wordHelp } from '../Term';
import { Bars, Play } from './icons';
import styles from './Toolbar.module.css';
import { useNarrow } from './useNarrow';

export function Transport() {
  const training = useLive((live) => live.state === 'training');
  const diverged = useLive((live) => live.divergence !== null);
  const stuck = 'The weights are not finite any more: rewind, or reset.';
  return (
    <div className={styles.transport}>
      <button
        type="button"
        className={styles.go}
        disabled={diverged}
        onClick={toggleTraining}
        {...help(diverged ? stuck : 'Trains both networks, or pauses them. Keys: Space or K.')}
      >
        {training ? <Bars /> : <Play />}
        {training ? 'Pause' : 'Train'}
      </button>
      <button type="button" disabled={diverged} onClick={stepOnce} {...help('Trains one step, then pauses.')}>
        Step
      </button>
      <button type="button" onClick={reset} {...wordHelp('reset')}>
        Reset
      </button>
      {!useNarrow() && <Repeat />}
    </div>
  );
}

/** Replay and the stop condition: on a phone they stand with the rest of the bar. */
export function Repeat() {
  const started = useLive((live) => live.step > 0);
  const recorded = useExperiment(({ experiment }) => experiment.changes.length > 0);
  return (
    <>
      <button type="button" disabled={!started && !recorded} onClick={replay} {...wordHelp('replay')}>
        Replay
      </button>
      <StopMenu />
    </>
  );
}

function StopMenu() {
  const [open, setOpen] = useState(false);
  const stop = useExperiment(({ experiment }) => experiment.stop);
  const { steps, accuracy } = stop;
  const set = (change: { steps?: number | undefined; accuracy?: number | undefined }) => {
    const next = { ...stop, ...change };
    stopAt({
      ...(next.steps === undefined ? {} : { steps: next.steps }),
      ...(next.accuracy === undefined ? {} : { accuracy: next.accuracy }),
    });
  };
  const shown = [steps && count(steps), accuracy && percent(accuracy)].filter(Boolean).join(', ');
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className={`quiet ${styles.stop}`}
          aria-label={shown ? `Stop at ${shown}` : 'Stop condition'}
          onClick={() => setOpen(!open)}
          {...help('When training pauses by itself: after so many steps, or at a test accuracy.')}
        >
          {shown ? `Stop: ${shown}` : 'Stop…'}
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.popover}>
        <div>
          <Term name="stopSteps" />
          <NumberBox
            name="Stop at step"
            value={steps}
            min={1}
            max={maxSteps}
            integer
            optional
            placeholder="never"
            onCommit={(value) => set({ steps: value })}
          />
        </div>
        <div>
          <Term name="stopAccuracy">Stop at QAT accuracy, %</Term>
          <NumberBox
            name="Stop at QAT accuracy"
            value={accuracy}
            min={0.001}
            max={1}
            scale={100}
            optional
            placeholder="never"
            onCommit={(value) => set({ accuracy: value })}
          />
        </div>
        <p className="hint">Empty means never.</p>
      </Popover.Dropdown>
    </Popover>
  );
}
