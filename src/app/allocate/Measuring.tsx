/** The button that measures, and how far it is. */
import type { Measurement } from '@/session/measuring/measurement';
import { useAnalysis } from '@/store/analysis';
import { useLive } from '@/store/live';
import { cancelMeasuring, measure } from '@/store/session';
import { help } from '../Term';
import styles from './Allocate.module.css';

interface Props {
  what: Measurement['what'];
  label: string;
  helpText: string;
  /** Step of the result at hand. */
  step: number | undefined;
}

export function Measuring({ what, label, helpText, step }: Props) {
  const measuring = useAnalysis((state) => state.measuring);
  const trained = useLive((live) => live.step > 0);
  const ready = useLive((live) => live.state !== 'starting' && live.divergence === null);
  const moved = useLive((live) => step !== undefined && live.step !== step);
  if (measuring?.what === what)
    return (
      <div className={styles.measuring}>
        <progress aria-label={`${label}: done`} value={measuring.done} max={measuring.of} />
        <button type="button" onClick={cancelMeasuring}>
          Cancel
        </button>
      </div>
    );
  return (
    <div className={styles.measuring}>
      <button
        type="button"
        className={step === undefined || moved ? 'go' : ''}
        disabled={!trained || !ready || measuring !== null}
        onClick={() => measure(what)}
        {...help(helpText)}
      >
        {step === undefined ? label : 'Measure again'}
      </button>
      {!trained && <span className="hint">Train first: an untrained network says nothing.</span>}
    </div>
  );
}
