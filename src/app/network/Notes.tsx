/** What is said and chosen of the network as a whole: a word on the preset, and where batch norm takes its statistics from. */
import { hasBatchNorm, normChanges, normStatistics } from '@/catalog/layers';
import { type NetworkPreset, networkPresets } from '@/experiment/presets';
import { edit } from '@/store/editing';
import { useSettings } from '@/store/experiment';
import { useLive } from '@/store/live';
import { help } from '../Term';
import { presetOf } from './layers';
import styles from './Network.module.css';

export function Notes() {
  const { dataset, layers } = useSettings();
  const preset = presetOf({ dataset, layers });
  const note = preset && (networkPresets[preset] as NetworkPreset).note;
  const normed = hasBatchNorm(layers);
  if (!note && !normed) return null;
  return (
    <div className={styles.notes}>
      {note && <p>{note}</p>}
      {normed && <BatchNorm />}
    </div>
  );
}

/** Statistics of the batch or frozen, from the present step on; made anew on request. */
function BatchNorm() {
  const { batchNorm } = useSettings();
  const untrained = useLive((live) => live.step === 0);
  return (
    <div className={styles.norm}>
      <span>Batch norm statistics</span>
      <select
        aria-label="Batch norm statistics"
        value={batchNorm}
        onChange={(event) =>
          edit([{ kind: 'batchNorm', value: event.target.value as keyof typeof normStatistics }])
        }
        {...help(normStatistics[batchNorm].help)}
      >
        {Object.entries(normStatistics).map(([key, { label }]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      <button
        type="button"
        disabled={untrained}
        onClick={() => edit([{ kind: 'batchNorm', value: 'estimate' }])}
        {...help(normChanges.estimate.help)}
      >
        Re-estimate
      </button>
    </div>
  );
}
