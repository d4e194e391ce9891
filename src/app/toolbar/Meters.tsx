/** Step, speed and time per step; on a phone also the four numbers that a toggle moves. */
import { modelSize } from '@/experiment/size';
import { useSettings } from '@/store/experiment';
import { lastScore, useLive } from '@/store/live';
import { bytes, count, dash, msNumber, percent, rate } from '../format';
import { useLearnedWidths } from '../learnedWidths';
import { Term, wordHelp } from '../Term';
import styles from './Toolbar.module.css';

function Step() {
  const step = useLive((live) => live.step);
  const epoch = useLive((live) => live.step / live.stepsPerEpoch);
  return (
    <div data-explained>
      <dt>
        <Term name="step" more={`${epoch.toFixed(1)} epochs (passes over the training examples).`} />
      </dt>
      <dd className={styles.stepValue}>
        <span role="status" aria-live="off" aria-label="Step">
          {count(step)}
        </span>
        <Live />
      </dd>
    </div>
  );
}

function Live() {
  const state = useLive((live) => live.state);
  return <i className={styles.live} data-state={state} aria-hidden="true" />;
}

function Speed() {
  const speed = useLive((live) => (live.stepsPerSecond > 0 ? rate(live.stepsPerSecond) : dash));
  return (
    <div className={styles.wide} data-explained>
      <dt>
        <Term name="speed" />
      </dt>
      <dd className={styles.speedValue}>
        {speed} <small>steps/s</small>
      </dd>
    </div>
  );
}

function StepTime() {
  const text = useLive(({ stepMs }) =>
    stepMs ? `${msNumber(stepMs.qat)} / ${msNumber(stepMs.float)}` : `${dash} / ${dash}`,
  );
  return (
    <div className={styles.wide} data-explained>
      <dt>
        <Term name="stepMs">QAT / float step</Term>
      </dt>
      <dd className={styles.timeValue}>
        {text} <small>ms</small>
      </dd>
    </div>
  );
}

export const Meters = () => (
  <dl className={styles.meters}>
    <Step />
    <Speed />
    <StepTime />
  </dl>
);

/** Where the result is out of view, on phones and tablets; its region carries the same numbers for screen readers. */
export function Pocket() {
  const score = (name: 'float' | 'ptq' | 'qat') => (live: { points: Parameters<typeof lastScore>[0] }) => {
    const found = lastScore(live.points, name);
    return found ? percent(found.accuracy) : dash;
  };
  const float = useLive(score('float'));
  const ptq = useLive(score('ptq'));
  const qat = useLive(score('qat'));
  const size = modelSize(useSettings(), useLearnedWidths()).total;
  return (
    <p className={styles.pocket} aria-hidden="true">
      <span {...wordHelp('floatAccuracy')}>
        Float <b>{float}</b>
      </span>
      <span {...wordHelp('ptqAccuracy')}>
        PTQ <b>{ptq}</b>
      </span>
      <span {...wordHelp('qatAccuracy')}>
        QAT <b>{qat}</b>
      </span>
      <span {...wordHelp('modelSize')}>
        Size <b>{bytes(size)}</b>
      </span>
    </p>
  );
}
